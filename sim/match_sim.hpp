// Matches under load: bots over real ENet sockets that move, shoot, predict and reconcile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "base/result.hpp"
#include "game/arena/world.hpp"
#include "sim/endpoint.hpp"
#include "sim/impairment.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct MatchSimOptions {
  int bots = 200;
  int bots_per_match = 10;
  std::chrono::seconds duration{60};
  std::uint64_t seed = 1;
  /// Called when all bots play and when they stop: for measuring the server between.
  std::function<void()> load_begins, load_ends;
  /// A bad network between bots and server, the same in each direction. `corrupt` begins once all
  /// play, and only towards the bots: the server sends away who sends it garbage.
  std::optional<Impairment> impairment = {};
  /// What a bot of the arena does in a tick. Empty: it walks a while in one direction, turns,
  /// shoots now and then.
  std::function<game::Command(std::minstd_rand&)> decide = {};
  std::string game = "arena";  ///< or "ball"
};

/// Makes the matches, joins, and plays: each bot sends a command per tick. Checks that every bot
/// plays, that snapshots and commands come through as the network allows, that predictions of the
/// arena stay within client::arena::kMaxDivergence and that no checksum fails but for damage. Rows:
/// "bots", "snapshots/s", "snapshot bytes (mean)", "corrections", …; latency: "round trip". Errors:
/// what kept it from starting.
Result<Section> run_match(const Endpoint& endpoint, const MatchSimOptions& options,
                          Progress& progress, const std::atomic<bool>& stop);

}  // namespace troupe::sim

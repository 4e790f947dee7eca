// Matches under load: bots over real ENet sockets that move, shoot, predict and reconcile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
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
};

/// Makes the matches, joins, and plays: each bot sends a command per tick. Checks that every bot
/// plays, that inputs move it, and that corrections stay rare. Rows: "bots", "snapshots/s",
/// "snapshot bytes (mean)", "corrections", …; latency: "round trip". Errors: what kept it from
/// starting.
Result<Section> run_match(const Endpoint& endpoint, const MatchSimOptions& options,
                          Progress& progress, const std::atomic<bool>& stop);

}  // namespace troupe::sim

// Players of many matches who come and go: what storms, churn and fuzzing play with.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/client/game_client.hpp"
#include "sim/endpoint.hpp"

namespace troupe::sim {

struct CrowdPlayer {
  std::string name;
  std::size_t match = 0;                     ///< index into Crowd::matches()
  std::unique_ptr<client::GameClient> game;  ///< null: away
  int slot = -1;                             ///< that it had before
  std::uint32_t seen_tick = 0;               ///< the newest that it was ever shown
};

/// What the server says of a match.
struct MatchCounts {
  int connected = 0;
  int players = 0;
  std::uint32_t tick = 0;
};

/// Belongs to one thread.
class Crowd {
 public:
  /// Makes the matches; nobody is in yet. Errors: what kept it from that.
  static Result<Crowd> make(const Endpoint& endpoint, int players, int per_match,
                            std::uint64_t seed);

  [[nodiscard]] std::vector<CrowdPlayer>& players() noexcept { return players_; }
  [[nodiscard]] const std::vector<std::string>& matches() const noexcept { return matches_; }

  Result<void> join(CrowdPlayer& player);
  /// With a token that is none.
  Result<std::unique_ptr<client::GameClient>> join_with(const std::string& token);
  /// Says that it goes.
  void leave(CrowdPlayer& player);
  /// Goes without a word, as a lost network does.
  void vanish(CrowdPlayer& player);

  [[nodiscard]] bool plays(const CrowdPlayer& player) const;
  /// Serves all, each of whom sends a command a tick, until `condition` holds; false after
  /// `timeout`.
  bool play_until(const std::function<bool()>& condition, std::chrono::milliseconds timeout);
  void play(std::chrono::milliseconds length);

  [[nodiscard]] Result<MatchCounts> counts(std::size_t match) const;
  /// Of all matches: players connected by their own count, but not by the server's. Empty: none.
  [[nodiscard]] std::vector<std::string> miscounts();
  /// Matches that the server's hosts still play. Errors: those of the request.
  [[nodiscard]] Result<int> matches_played() const;
  /// A line of /metrics, all of whose series are added up; -1: it could not be read.
  [[nodiscard]] double metric(const std::string& name) const;
  [[nodiscard]] std::uint64_t mismatches() const { return mismatches_; }

 private:
  explicit Crowd(const Endpoint& endpoint, std::uint64_t seed)
      : endpoint_(endpoint), random_(seed) {}
  void turn();
  void note(CrowdPlayer& player);

  Endpoint endpoint_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<client::ClientHost>> hosts_;
  std::vector<std::string> matches_;
  std::vector<CrowdPlayer> players_;
  std::chrono::steady_clock::time_point next_turn_{};
  std::uint64_t mismatches_ = 0;  ///< of clients that are gone
};

}  // namespace troupe::sim

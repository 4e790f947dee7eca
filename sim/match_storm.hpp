// Players who all drop out and come back at once, and players who come and go all the time: what
// other servers got wrong, checked against the server's own counts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct StormOptions {
  int bots = 200;
  int bots_per_match = 10;
  std::chrono::seconds duration{60};      ///< storms follow each other for so long
  std::chrono::milliseconds calm{1'000};  ///< between two storms
  std::uint64_t seed = 1;
};

/// In each storm all bots drop out at once, half of them without a word, and come back at once.
/// Checked after each: all are in within 15 s, each in its old place (colyseus #962), the count of
/// clients is right (#423), what they are shown is not older than what they saw before (#917).
/// Wrong tokens are tried between; once all have left, no match is played any more. Latency: "back
/// in the game". Errors: what kept it from starting.
Result<Section> run_match_storm(const Endpoint& endpoint, const StormOptions& options,
                                Progress& progress, const std::atomic<bool>& stop);

struct ChurnOptions {
  int bots = 200;
  int bots_per_match = 10;
  std::chrono::seconds duration{60};
  double per_second = 50;  ///< joins and leaves
  std::uint64_t seed = 1;
};

/// Bots join and leave one by one, at random; counts are compared while it goes on, and at the end.
Result<Section> run_match_churn(const Endpoint& endpoint, const ChurnOptions& options,
                                Progress& progress, const std::atomic<bool>& stop);

}  // namespace troupe::sim

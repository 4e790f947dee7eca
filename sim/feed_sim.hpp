// A social feed under load: users made by the API, a seeded follow graph, posts and reads at rates,
// and listeners.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct FeedSimOptions {
  int users = 500;
  int follows =
      20;  ///< of each user; popularity falls as 1/rank, so a few users have many followers
  double posts_per_s = 20;   ///< open loop
  double reads_per_s = 100;  ///< open loop
  std::chrono::seconds duration{60};
  int connections = 32;
  int listeners = 20;               ///< WebSockets that measure how long a post takes to reach them
  int sampled_followers = 50;       ///< whose timelines are checked whole at the end
  std::chrono::seconds settle{30};  ///< how long the fan-out may take to finish at the end
  std::uint64_t seed = 1;
};

/// Latency counts from when a request was due. At the end each acknowledged post must stand exactly
/// once in the timeline of each sampled follower of its author. Rows: "users", "follows", "posts",
/// "reads", "notices", "checked deliveries", "errors", "posts/s", "reads/s"; latencies: "post",
/// "read", "post to notice". Users are named after the seed: a second run with it goes on with the
/// same users. Errors: what kept it from starting.
Result<Section> run_feed(const Endpoint& endpoint, const FeedSimOptions& options,
                         Progress& progress, const std::atomic<bool>& stop);

}  // namespace troupe::sim

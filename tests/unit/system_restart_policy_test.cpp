#include <gtest/gtest.h>

#include "actors/system/restart_policy.hpp"

namespace troupe::actors {
namespace {

using std::chrono::milliseconds;

TEST(RestartHistory, BackoffDoublesUpToItsBoundAndIsJitteredByAQuarter) {
  const RestartLimits limits{
      .backoff_min = milliseconds(100), .backoff_max = milliseconds(800), .max_restarts = 20};
  for (std::uint64_t random = 0; random < 200; ++random) {
    RestartHistory history;
    for (const int expected : {100, 200, 400, 800, 800}) {
      const auto decision = history.crashed(1'000, limits, random * 7919);

      EXPECT_FALSE(decision.failed);
      EXPECT_GE(decision.delay.count(), expected * 3 / 4);
      EXPECT_LE(decision.delay.count(), expected * 5 / 4);
    }
  }
}

TEST(RestartHistory, FailsBeyondTheIntensityUntilTheOldestCrashLeavesTheWindow) {
  const RestartLimits limits{.max_restarts = 3, .window = milliseconds(1'000)};
  RestartHistory history;
  for (const std::uint64_t at : {0, 100, 200}) EXPECT_FALSE(history.crashed(at, limits, 0).failed);

  const auto decision = history.crashed(300, limits, 0);

  EXPECT_TRUE(decision.failed);
  EXPECT_EQ(decision.delay, milliseconds(700));
}

TEST(RestartHistory, ForgetsCrashesOutsideTheWindow) {
  const RestartLimits limits{
      .backoff_min = milliseconds(100), .max_restarts = 1, .window = milliseconds(1'000)};
  RestartHistory history;
  EXPECT_FALSE(history.crashed(0, limits, 0).failed);

  EXPECT_FALSE(history.crashed(1'000, limits, 0).failed);
}

}  // namespace
}  // namespace troupe::actors

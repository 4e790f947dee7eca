#include <random>

#include <gtest/gtest.h>

#include "base/token_bucket.hpp"

namespace troupe {
namespace {

using std::chrono::milliseconds;
using TimePoint = RateLimiter::TimePoint;

TEST(TokenBucket, AFullBucketGivesItsBurstAndThenItsRate) {
  RateLimiter limiter({.per_second = 10, .burst = 3}, 100);
  const TimePoint now{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("a", now).allowed);
  const auto refused = limiter.take("a", now);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, milliseconds(100));
  EXPECT_FALSE(limiter.take("a", now + milliseconds(99)).allowed);
  EXPECT_TRUE(limiter.take("a", now + milliseconds(101)).allowed);
}

TEST(TokenBucket, KeysDoNotShare) {
  RateLimiter limiter({.per_second = 1, .burst = 1}, 100);
  EXPECT_TRUE(limiter.take("a", {}).allowed);
  EXPECT_TRUE(limiter.take("b", {}).allowed);
  EXPECT_FALSE(limiter.take("a", {}).allowed);
}

TEST(TokenBucket, ARateOfZeroIsNoLimit) {
  RateLimiter limiter({}, 10);
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(limiter.take("a", {}).allowed);
  EXPECT_EQ(limiter.size(), 0U);
}

TEST(TokenBucket, MemoryIsBoundedAndTheLeastRecentlyUsedGoes) {
  RateLimiter limiter({.per_second = 1, .burst = 1}, 2);
  limiter.take("a", {});
  limiter.take("b", {});
  limiter.take("a", {});
  limiter.take("c", {});  // b goes
  EXPECT_EQ(limiter.size(), 2U);
  EXPECT_FALSE(limiter.take("a", {}).allowed);
  EXPECT_TRUE(limiter.take("b", {}).allowed);
}

TEST(TokenBucket, NoWindowPassesMoreThanBurstAndRateAndWaitingAlwaysHelps) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    const RateLimit limit{1.0 + static_cast<double>(random() % 100),
                          1.0 + static_cast<double>(random() % 20)};
    RateLimiter limiter(limit, 10);
    TimePoint now{};
    std::vector<TimePoint> passed;
    for (int i = 0; i < 500; ++i) {
      now += milliseconds(random() % 30);
      const auto verdict = limiter.take("a", now);
      EXPECT_GE(verdict.remaining, 0);
      EXPECT_LE(verdict.remaining, limit.burst);
      if (verdict.allowed) passed.push_back(now);
      if (!verdict.allowed && random() % 4 == 0) {
        now += verdict.retry_after;
        EXPECT_TRUE(limiter.take("a", now).allowed);
        passed.push_back(now);
      }
    }
    for (std::size_t i = 0; i < passed.size(); ++i) {
      for (std::size_t k = i; k < passed.size(); ++k) {
        const double seconds = std::chrono::duration<double>(passed[k] - passed[i]).count();
        ASSERT_LE(static_cast<double>(k - i + 1), limit.burst + limit.per_second * seconds + 1e-6);
      }
    }
  }
}

TEST(TokenBucket, AClockThatGoesBackGivesNothing) {
  RateLimiter limiter({.per_second = 1'000, .burst = 1}, 10);
  const TimePoint later{milliseconds(1'000)};
  EXPECT_TRUE(limiter.take("a", later).allowed);
  EXPECT_FALSE(limiter.take("a", TimePoint{}).allowed);
}

}  // namespace
}  // namespace troupe

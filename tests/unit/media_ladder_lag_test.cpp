// Which renditions there is time for, without threads and clocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/ladder/lag_policy.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Asks ten times a second.
class Days {
 public:
  explicit Days(std::size_t renditions, LagPolicyOptions options = {})
      : policy(options, renditions), options_(options) {}

  /// What goes and comes while media waits so long for `seconds`; "-0" and "+0".
  std::vector<std::string> pass(double seconds, std::chrono::milliseconds waited) {
    std::vector<std::string> out;
    for (int i = 0; i < static_cast<int>(seconds * 10); ++i) {
      now_ += 100ms;
      const auto verdict = policy.judge(now_, {.waited = waited, .media = waited});
      for (const auto gone : verdict.drop) out.push_back("-" + std::to_string(gone));
      if (verdict.bring_back) out.push_back("+" + std::to_string(*verdict.bring_back));
    }
    return out;
  }
  std::vector<std::string> lag(double seconds) { return pass(seconds, options_.max_lag + 1ms); }
  std::vector<std::string> calm(double seconds) { return pass(seconds, 0ms); }

  LagPolicy policy;
  LagPolicy::TimePoint now_{};

 private:
  const LagPolicyOptions options_;
};

TEST(LagPolicy, RenditionsGoFromTheTopAndComeBackFromTheBottom) {
  Days days(3);

  EXPECT_THAT(days.lag(4.4), ElementsAre("-0", "-1", "-2"));
  EXPECT_THAT(days.calm(29.9), IsEmpty());
  EXPECT_THAT(days.calm(0.2), ElementsAre("+2"));
  EXPECT_THAT(days.calm(60), ElementsAre("+1", "+0"));
}

TEST(LagPolicy, HalfTheLagIsNotCalm) {
  Days days(1);
  days.lag(0.1);

  EXPECT_THAT(days.pass(100, 800ms), IsEmpty());
  EXPECT_THAT(days.calm(20), IsEmpty());
  EXPECT_THAT(days.pass(0.1, 800ms), IsEmpty());
  EXPECT_THAT(days.calm(29.9), IsEmpty()) << "it begins anew";
  EXPECT_THAT(days.calm(0.3), ElementsAre("+0"));
}

TEST(LagPolicy, OneThatFailsAgainWaitsTwiceAsLongEachTime) {
  Days days(1);
  days.lag(0.1);
  for (const int wait : {30, 60, 120, 240}) {
    EXPECT_THAT(days.calm(wait - 0.1), IsEmpty()) << wait;
    EXPECT_THAT(days.calm(0.3), ElementsAre("+0")) << wait;
    EXPECT_THAT(days.lag(2.5), ElementsAre("-0"));
  }
  EXPECT_EQ(days.policy.calm_for(0), 480s);
  for (int i = 0; i < 20; ++i) {
    days.calm(3'600.2);
    days.lag(0.1);
  }
  EXPECT_EQ(days.policy.calm_for(0), LagPolicy::kMaxCalm);
}

TEST(LagPolicy, OneThatProvedItselfWaitsNoLongerThanAtFirst) {
  Days days(1);
  days.lag(0.1);
  days.calm(30.2);
  days.lag(2.5);
  ASSERT_EQ(days.policy.calm_for(0), 60s);
  ASSERT_THAT(days.calm(60.2), ElementsAre("+0"));

  days.calm(610);
  days.lag(0.1);

  EXPECT_EQ(days.policy.calm_for(0), 30s);
}

TEST(LagPolicy, TheBoundOnBytesCostsAllAtOnce) {
  Days days(3);

  const auto verdict = days.policy.judge({}, {.waited = 1ms, .media = 1ms, .full = true});

  EXPECT_THAT(verdict.drop, ElementsAre(0U, 1U, 2U));
}

TEST(LagPolicy, OneThatCannotBeMadeStaysAway) {
  Days days(2);
  days.policy.fail(1);

  EXPECT_THAT(days.lag(10), ElementsAre("-0"));
  EXPECT_THAT(days.calm(100), ElementsAre("+0"));
}

TEST(LagPolicy, WithoutACalmTimeNoneComesBack) {
  Days days(1, {.calm = 0ms});
  days.lag(0.1);

  EXPECT_THAT(days.calm(10'000), IsEmpty());
}

}  // namespace
}  // namespace troupe::media

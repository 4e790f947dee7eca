#include <gtest/gtest.h>

#include "sim/impairment.hpp"

namespace troupe::sim {
namespace {

using namespace std::chrono_literals;
using TimePoint = ImpairmentPlan::TimePoint;

TEST(Impairment, OptionsAreReadAndNonsenseIsRefused) {
  const auto all = parse_impairment(
      "latency=100,jitter=20,loss=0.055,duplicate=0.1,reorder=0.2,reorder-ms=50,corrupt=0.01,rate="
      "9000");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, (Impairment{100, 20, 0.055, 0.1, 0.2, 50, 0.01, 9'000}));
  EXPECT_EQ(*parse_impairment(""), Impairment{});

  for (const auto* bad : {"latency", "latency=", "latency=x", "loss=1.5", "loss=-1", "loss=nan",
                          "speed=3", "loss=0.1,loss=0.2", "latency=1ms"})
    EXPECT_FALSE(parse_impairment(bad).ok()) << bad;
}

TEST(Impairment, TheSameSeedGivesTheSameFate) {
  const Impairment rough{
      .latency_ms = 50, .jitter_ms = 20, .loss = 0.1, .duplicate = 0.1, .reorder = 0.1};
  ImpairmentPlan a(rough, 7), b(rough, 7);
  auto now = TimePoint{} + 1h;
  for (int i = 0; i < 1'000; ++i, now += 5ms) {
    const auto one = a.next(100, now), two = b.next(100, now);
    ASSERT_EQ(one.copies, two.copies);
    ASSERT_EQ(one.due, two.due);
  }
}

TEST(Impairment, RatesAreThoseAskedForAndOrderHoldsButForTheOvertaken) {
  ImpairmentPlan plan(
      {.latency_ms = 50, .jitter_ms = 20, .loss = 0.055, .duplicate = 0.2, .reorder = 0.1}, 3);
  int lost = 0, twice = 0, overtaken = 0;
  TimePoint last{};
  auto now = TimePoint{} + 1h;
  for (int i = 0; i < 20'000; ++i, now += 2ms) {
    const auto fate = plan.next(100, now);
    if (fate.copies == 0) {
      ++lost;
      continue;
    }
    twice += fate.copies == 2;
    overtaken += fate.overtaken;
    ASSERT_GE(fate.due[0], now + 30ms);
    ASSERT_LE(fate.due[0], now + (fate.overtaken ? 120ms : 80ms));
    if (fate.overtaken) continue;
    ASSERT_GE(fate.due[0], last);
    last = fate.due[0];
  }
  EXPECT_NEAR(lost / 20'000.0, 0.055, 0.006);
  EXPECT_NEAR(twice / 20'000.0, 0.2 * 0.945, 0.01);
  EXPECT_NEAR(overtaken / 20'000.0, 0.1 * 0.945, 0.01);
}

TEST(Impairment, ANarrowLineSpreadsDatagramsAndDropsWhatItCannotQueue) {
  ImpairmentPlan plan({.bytes_per_s = 10'000}, 1);
  const auto now = TimePoint{} + 1h;
  int through = 0;
  TimePoint last{};
  for (int i = 0; i < 100; ++i) {
    const auto fate = plan.next(100, now);
    if (fate.copies == 0) continue;
    ++through;
    last = fate.due[0];
  }
  EXPECT_EQ(through, 26) << "a quarter of a second's worth, and the one on the line";
  EXPECT_NEAR(std::chrono::duration<double>(last - now).count(), 0.26, 0.001);
}

}  // namespace
}  // namespace troupe::sim

// The rules of supervision, after https://www.erlang.org/doc/system/sup_princ.
#include <random>

#include <gtest/gtest.h>

#include "actors/system/supervision.hpp"

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using Action = Supervision::Action;
using Children = std::vector<std::size_t>;

const RestartLimits kLimits{100ms, 1'000ms, 3, 10'000ms};

Supervision three(Strategy strategy) {
  Supervision supervision(strategy, kLimits);
  for (int i = 0; i < 3; ++i) supervision.add(RestartKind::permanent);
  return supervision;
}

TEST(SupervisionTest, one_for_one_starts_only_the_child_that_crashed) {
  auto supervision = three(Strategy::one_for_one);

  const auto verdict = supervision.ended(1, false, 0, 0);
  EXPECT_EQ(verdict.action, Action::restart);
  EXPECT_EQ(supervision.to_stop(), Supervision::kNobody);
  EXPECT_TRUE(supervision.to_start().empty()) << "not before its delay has passed";
  supervision.due(1);

  EXPECT_EQ(supervision.to_start(), Children{1});
}

TEST(SupervisionTest, rest_for_one_stops_the_later_ones_in_reverse_and_starts_all_in_order) {
  auto supervision = three(Strategy::rest_for_one);

  ASSERT_EQ(supervision.ended(0, false, 0, 0).action, Action::restart);
  EXPECT_EQ(supervision.to_stop(), 2U);
  EXPECT_EQ(supervision.ended(2, true, 0, 0).action, Action::none);
  supervision.due(0);
  EXPECT_TRUE(supervision.to_start().empty()) << "child 1 is still stopping";
  EXPECT_EQ(supervision.to_stop(), 1U);
  supervision.ended(1, true, 0, 0);

  EXPECT_EQ(supervision.to_start(), (Children{0, 1, 2}));
}

TEST(SupervisionTest, the_restart_kind_says_who_comes_back) {
  struct Row {
    RestartKind kind;
    bool orderly;
    Action action;
  };
  for (const auto& row : {Row{RestartKind::permanent, true, Action::restart},
                          Row{RestartKind::permanent, false, Action::restart},
                          Row{RestartKind::transient, true, Action::none},
                          Row{RestartKind::transient, false, Action::restart},
                          Row{RestartKind::temporary, true, Action::none},
                          Row{RestartKind::temporary, false, Action::none}}) {
    Supervision supervision(Strategy::one_for_one, kLimits);
    supervision.add(row.kind);
    EXPECT_EQ(supervision.ended(0, row.orderly, 0, 0).action, row.action)
        << static_cast<int>(row.kind) << (row.orderly ? " orderly" : " crashed");
  }
}

TEST(SupervisionTest, a_temporary_child_that_was_stopped_for_another_does_not_come_back) {
  Supervision supervision(Strategy::rest_for_one, kLimits);
  supervision.add(RestartKind::permanent);
  supervision.add(RestartKind::temporary);

  supervision.ended(0, false, 0, 0);
  supervision.ended(1, true, 0, 0);
  supervision.due(0);

  EXPECT_EQ(supervision.to_start(), Children{0});
  EXPECT_EQ(supervision.state(1), ChildState::ended);
}

TEST(SupervisionTest, more_restarts_than_the_intensity_allows_escalate_and_old_ones_are_forgotten) {
  auto supervision = three(Strategy::one_for_one);
  const auto crash = [&](std::uint64_t now_ms) {
    const auto verdict = supervision.ended(0, false, now_ms, 0);
    if (verdict.action == Action::restart) supervision.started(0);
    return verdict.action;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(crash(0), Action::restart);
  EXPECT_EQ(crash(10'001), Action::restart) << "the first three are out of the window";
  EXPECT_EQ(crash(10'002), Action::restart);
  EXPECT_EQ(crash(10'003), Action::restart);
  EXPECT_EQ(crash(10'004), Action::escalate);
}

TEST(SupervisionTest, stopping_goes_from_the_last_to_the_first_and_nobody_starts_again) {
  auto supervision = three(Strategy::one_for_one);
  supervision.ended(1, false, 0, 0);  // waits for its restart

  supervision.stop_all();
  EXPECT_EQ(supervision.to_stop(), 2U);
  EXPECT_EQ(supervision.ended(2, false, 0, 0).action, Action::none);
  EXPECT_EQ(supervision.to_stop(), 0U);
  supervision.due(1);

  EXPECT_TRUE(supervision.to_start().empty());
  supervision.ended(0, true, 0, 0);
  EXPECT_EQ(supervision.to_stop(), Supervision::kNobody);
}

TEST(SupervisionTest, whatever_happens_nobody_starts_beside_one_that_stops_or_before_one_it_needs) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Supervision supervision(Strategy::rest_for_one, {100ms, 1'000ms, 1'000'000, 10'000ms});
    for (int i = 0; i < 5; ++i) supervision.add(RestartKind::permanent);
    for (std::uint64_t step = 0; step < 500; ++step) {
      const auto child = random() % 5;
      if (random() % 2 == 0) {
        const auto state = supervision.state(child);
        if (state == ChildState::running || state == ChildState::stopping)
          supervision.ended(child, random() % 2 == 0, step, random());
      } else {
        supervision.due(child);
      }
      for (const auto next : supervision.to_start()) {
        ASSERT_EQ(supervision.to_stop(), Supervision::kNobody) << "seed " << seed;
        for (std::size_t i = 0; i < next; ++i)
          ASSERT_EQ(supervision.state(i), ChildState::running) << "seed " << seed;
        supervision.started(next);
      }
    }
    // Nobody is left behind.
    while (supervision.to_stop() != Supervision::kNobody)
      supervision.ended(supervision.to_stop(), true, 1'000, 0);
    for (std::size_t i = 0; i < 5; ++i) supervision.due(i);
    for (const auto next : supervision.to_start()) supervision.started(next);
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_EQ(supervision.state(i), ChildState::running) << "seed " << seed;
  }
}

}  // namespace
}  // namespace troupe::actors

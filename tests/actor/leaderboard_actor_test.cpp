// Leaderboards as entities: what is acknowledged is there after a restart, repeated submissions and
// events count once.
#include <atomic>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "actors/leaderboard/domain.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::leaderboard {
namespace {

using test::ActorWorld;

class LeaderboardTest : public testing::Test {
 protected:
  LeaderboardTest() { restart(); }

  void restart(const LeaderboardOptions& options = {}) {
    world_.reset();
    world_ = std::make_unique<ActorWorld>(dir_ / "db");
    catalogue_ = *add_leaderboard(world_->context(), options);
  }

  Definition define(const std::string& id, Keep keep, Schedule schedule = {}) {
    Definition wanted;
    wanted.id = id;
    wanted.keep = keep;
    wanted.schedule = schedule;
    std::promise<Result<Catalogue::Outcome>> outcome;
    catalogue_->define(wanted, [&](const auto& done) { outcome.set_value(done); });
    EXPECT_TRUE(outcome.get_future().get().ok());
    return wanted;
  }

  Result<SubmittedPtr> submit(const std::string& board, const std::string& player,
                              std::int64_t score, const std::string& key = "",
                              std::uint32_t season = 0) {
    return world_->ask<SubmittedPtr>(kLeaderboardKind, season_id(board, season), submit_atom::value,
                                     Submission{player, score, key});
  }
  std::vector<Standing> list(const std::string& board, std::uint32_t season = 0) {
    return (*world_->ask<ListingPtr>(kLeaderboardKind, season_id(board, season), list_atom::value,
                                     ListQuery{std::nullopt, 1'000}))
        ->rows;
  }

  test::TempDir dir_;
  std::unique_ptr<ActorWorld> world_;
  std::shared_ptr<Catalogue> catalogue_;
};

TEST_F(LeaderboardTest, WhatWasAcknowledgedIsThereAfterARestart) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  define("b", Keep::best);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(
        submit("b", "p" + std::to_string(random() % 50), static_cast<int>(random() % 20)).ok());
  }
  ASSERT_TRUE(
      world_->ask<bool>(kLeaderboardKind, "b/0", withdraw_atom::value, std::string("p7")).ok());
  const auto before = list("b");
  ASSERT_GT(before.size(), 30U);

  restart();

  EXPECT_EQ(list("b"), before);
}

TEST_F(LeaderboardTest, ARepeatedSubmissionCountsOnce) {
  define("b", Keep::sum);
  ASSERT_TRUE((*submit("b", "ann", 5, "k"))->changed);
  const auto again = submit("b", "ann", 5, "k");
  EXPECT_TRUE((*again)->changed);  // the answer that the first one had
  EXPECT_EQ((*again)->standing.score, 5);
  restart();
  EXPECT_EQ((*submit("b", "ann", 5, "k"))->standing.score, 5);
  EXPECT_EQ((*submit("b", "ann", 5, "other"))->standing.score, 10);
}

TEST_F(LeaderboardTest, TwinsInOneRoundCountOnce) {
  define("b", Keep::sum);
  std::atomic<int> answered{0};
  for (int i = 0; i < 100; ++i) {
    world_->asker().ask_as<SubmittedPtr>(
        kLeaderboardKind, "b/0", std::chrono::seconds(20),
        [&](const Result<SubmittedPtr>& reply) {
          EXPECT_TRUE(reply.ok());
          ++answered;
        },
        submit_atom::value, Submission{"ann", 1, "key " + std::to_string(i % 10)});
  }
  while (answered < 100) std::this_thread::yield();
  EXPECT_EQ(list("b"), (std::vector<Standing>{{"ann", 10, 1, 0}}));
}

TEST_F(LeaderboardTest, ASeasonBeginsEmptyAndOldOnesGo) {
  auto board = define("b", Keep::best, {Reset::weekly, 0});
  ASSERT_EQ(board.keep_seasons, 3U);
  for (const std::uint32_t season : {10U, 11U, 12U}) {
    EXPECT_TRUE(list("b", season).empty());
    ASSERT_TRUE(submit("b", "ann", season, "", season).ok());
  }
  EXPECT_EQ(list("b", 10).size(), 1U);
  ASSERT_TRUE(submit("b", "ann", 1, "", 13).ok());

  restart();

  EXPECT_TRUE(list("b", 10).empty());
  EXPECT_EQ(list("b", 11).size(), 1U);
  EXPECT_EQ(list("b", 13).size(), 1U);
}

TEST_F(LeaderboardTest, AFullBoardTakesNoNewPlayers) {
  restart({.max_entries = 2});
  define("b", Keep::best);
  ASSERT_TRUE(submit("b", "ann", 1).ok());
  ASSERT_TRUE(submit("b", "bob", 2).ok());
  EXPECT_EQ(submit("b", "eve", 3).code(), ErrorCode::conflict);
  EXPECT_TRUE((*submit("b", "ann", 9))->changed);
}

TEST_F(LeaderboardTest, PointsThatComeAgainArePassedOver) {
  auto wanted = define("b", Keep::last);
  const auto apply = [&](std::vector<Points> points) {
    return *world_->ask<std::uint64_t>(kLeaderboardKind, "b/0", apply_atom::value,
                                       std::make_shared<const std::vector<Points>>(points));
  };
  EXPECT_EQ(apply({{3, "ann", 30}, {3, "bob", 10}, {4, "ann", 40}}), 4U);
  EXPECT_EQ(apply({{3, "ann", 30}, {3, "bob", 99}}), 4U);
  restart();
  EXPECT_EQ(apply({{4, "ann", 1}, {5, "eve", 20}}), 5U);
  EXPECT_EQ(list("b"),
            (std::vector<Standing>{{"ann", 40, 1, 0}, {"eve", 20, 2, 1}, {"bob", 10, 3, 2}}));
}

TEST_F(LeaderboardTest, ACrashBetweenSubmissionsLosesNothing) {
  define("b", Keep::sum);
  for (int i = 0; i < 60; ++i) {
    // What fails has an unknown outcome: the same key settles it.
    const auto key = "k" + std::to_string(i);
    int tries = 0;
    while (!submit("b", "ann", 1, key).ok()) ASSERT_LT(++tries, 1'000);
    if (i % 20 == 10) world_->context().entities.crash(kLeaderboardKind, "b/0");
  }
  EXPECT_EQ(list("b"), (std::vector<Standing>{{"ann", 60, 1, 0}}));
}

}  // namespace
}  // namespace troupe::leaderboard

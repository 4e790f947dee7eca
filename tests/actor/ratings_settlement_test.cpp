// Results on the journal become ratings and standings, each once, whatever restarts in between.
#include <random>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "actors/leaderboard/domain.hpp"
#include "actors/ratings/settlement_actor.hpp"
#include "tests/support/actor_world.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::ratings {
namespace {

namespace json = boost::json;
using test::ActorWorld;

storage::Event ended(const std::string& match, const std::vector<std::string>& best_first) {
  json::array rows;
  for (std::size_t i = 0; i < best_first.size(); ++i)
    rows.push_back({{"player", best_first[i]}, {"place", i + 1}, {"score", 10 - i}});
  return {"match/" + match, std::string(kMatchEnded),
          json::serialize(json::object{
              {"id", match}, {"owner", "ann"}, {"ended_ms", 1'800'000'000'000}, {"result", rows}})};
}

class SettlementTest : public testing::Test {
 protected:
  SettlementTest() { restart(); }

  void restart() {
    world_.reset();
    world_ = std::make_unique<ActorWorld>(dir_ / "db");
    catalogue_ = *leaderboard::add_leaderboard(world_->context(), {});
    add_ratings(world_->context(), {});
  }

  void append(storage::Event event) {
    storage::Batch batch;
    batch.append(std::move(event));
    ASSERT_TRUE(world_->writer().submit(std::move(batch), {}).ok());
    world_->writer().flush();
  }

  PlayerRating rating(const std::string& player, const std::string& mode = "arena") {
    return *read_rating(world_->store(), player, mode, System::weng_lin);
  }
  /// Waits until `player` has played `matches`.
  bool settled(const std::string& player, std::uint32_t matches,
               const std::string& mode = "arena") {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      if (rating(player, mode).matches == matches) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  test::TempDir dir_;
  std::unique_ptr<ActorWorld> world_;
  std::shared_ptr<leaderboard::Catalogue> catalogue_;
};

TEST_F(SettlementTest, AResultMovesRatingsAndTheirLeaderboard) {
  append(ended("m1", {"ann", "bob"}));

  ASSERT_TRUE(settled("bob", 1));
  EXPECT_NEAR(rating("ann").rating, 27.635, 0.01);
  EXPECT_NEAR(rating("bob").rating, 22.365, 0.01);
  EXPECT_EQ(rating("ann").wins, 1U);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::vector<leaderboard::Standing> rows;
  while (rows.size() < 2 && std::chrono::steady_clock::now() < deadline) {
    if (!catalogue_->find("rating-arena")) continue;
    rows = (*world_->ask<leaderboard::ListingPtr>(leaderboard::kLeaderboardKind, "rating-arena/0",
                                                  leaderboard::list_atom::value,
                                                  leaderboard::ListQuery{}))
               ->rows;
  }
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].player, "ann");
  EXPECT_EQ(rows[0].score, points(System::weng_lin, rating("ann")));
  EXPECT_EQ(rows[1].score, points(System::weng_lin, rating("bob")));
}

TEST_F(SettlementTest, AnEventThatComesTwiceCountsOnce) {
  append(ended("m1", {"ann", "bob"}));
  append(ended("m1", {"ann", "bob"}));
  ASSERT_TRUE(settled("ann", 1));
  append(ended("m1", {"bob", "ann"}));
  append(ended("m2", {"ann", "bob"}));
  ASSERT_TRUE(settled("bob", 2));
  EXPECT_EQ(rating("ann").wins, 2U);
}

TEST_F(SettlementTest, RestartsInBetweenSettleEachMatchOnce) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::uint32_t matches = 0;
  for (int round = 0; round < 6; ++round) {
    for (auto left = random() % 40; left > 0; --left)
      append(ended("m" + std::to_string(matches++), {"ann", "bob", "eve"}));
    restart();
  }
  ASSERT_TRUE(settled("eve", matches));
  EXPECT_EQ(rating("ann").wins, matches);
  EXPECT_EQ(rating("bob").matches, matches);
}

TEST_F(SettlementTest, TeamsOfMatchmakingAreRatedAsTeamsAndWhoLeftLoses) {
  storage::Batch batch;
  put_made(batch, "m1", {"squads", {{"ann", "bob"}, {"eve", "joe"}}, 1});
  ASSERT_TRUE(world_->writer().submit(std::move(batch), {}).ok());
  append(ended("m1", {"ann", "stranger", "eve", "bob"}));  // joe left

  ASSERT_TRUE(settled("joe", 1, "squads"));
  EXPECT_EQ(rating("ann", "squads").wins, 1U);
  EXPECT_EQ(rating("bob", "squads").wins, 1U);
  EXPECT_EQ(rating("eve", "squads").wins, 0U);
  EXPECT_LT(rating("joe", "squads").rating, 25);
  EXPECT_EQ(rating("stranger", "squads").matches, 0U);
  EXPECT_EQ(rating("stranger").matches, 0U);
  EXPECT_FALSE(*read_made(world_->store(), "m1"));
}

TEST_F(SettlementTest, WhatIsNoResultIsPassedOver) {
  append({"match/x", std::string(kMatchEnded), "no JSON"});
  append(
      {"match/x", std::string(kMatchEnded), R"({"id":"x","ended_ms":1,"result":[{"player":7}]})"});
  append(ended("alone", {"ann"}));
  append(ended("m1", {"ann", "bob"}));
  ASSERT_TRUE(settled("ann", 1));
}

TEST(Sides, OfOneWhoLeftIsLast) {
  const MatchResult result{"m", "duel", 1, {{"bob", 1, 3}, {"eve", 2, 1}}};
  const MadeMatch made{"duel", {{"ann"}, {"eve"}, {"bob"}}, 1};

  const auto sides = sides_of(result, &made);

  ASSERT_EQ(sides.size(), 3U);
  EXPECT_EQ(sides[0].place, 3);
  EXPECT_EQ(sides[1].place, 2);
  EXPECT_EQ(sides[2].place, 1);
  EXPECT_TRUE(sides_of({"m", "duel", 1, {}}, &made).empty());
}

}  // namespace
}  // namespace troupe::ratings

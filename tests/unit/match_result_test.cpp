// When a match is over, and who came in where.
#include <gtest/gtest.h>

#include "actors/match/match_store.hpp"
#include "actors/match/result.hpp"
#include "game/arena/arena.hpp"

namespace troupe::match {
namespace {

game::ArenaState scores(std::initializer_list<int> of) {
  auto world = game::make_world(1);
  int slot = 0;
  for (const int score : of) {
    game::add_player(world, slot);
    world.players[static_cast<std::size_t>(slot++)].score = static_cast<std::uint16_t>(score);
  }
  return game::ArenaState(world);
}

TEST(MatchResultTest, equal_scores_share_a_place_and_the_next_one_is_left_out) {
  const auto state = scores({5, 9, 5, 1});

  const auto result = rank(state, {{"ann", 0}, {"bob", 1}, {"cid", 2}, {"dan", 3}});

  const std::vector<Placement> expected{{"bob", 1, 9}, {"ann", 2, 5}, {"cid", 2, 5}, {"dan", 4, 1}};
  EXPECT_EQ(result, expected);
}

TEST(MatchResultTest, a_match_is_over_at_its_time_or_score_and_never_without_limits) {
  auto state = scores({3, 9});
  state.world.tick = 1'000;
  EXPECT_FALSE(is_over({}, state));
  EXPECT_FALSE(is_over({1'001, 0}, state));
  EXPECT_TRUE(is_over({1'000, 0}, state));
  EXPECT_FALSE(is_over({0, 10}, state));
  EXPECT_TRUE(is_over({0, 9}, state));
}

TEST(MatchResultTest, one_who_left_reaches_no_score_limit) {
  auto state = scores({9});
  state.leave(0);
  state.world.players[0].score = 9;

  EXPECT_FALSE(is_over({0, 9}, state));
}

TEST(MatchResultTest, rules_and_result_are_stored) {
  auto at = first_checkpoint({.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"});
  at.info.rules = {9'000, 20};
  at.info.ended_ms = 77;
  at.info.result = {{"bob", 1, 9}, {"ann", 2, 5}};

  const auto read = decode_checkpoint(encode_checkpoint(at));

  ASSERT_TRUE(read);
  EXPECT_EQ(read->info.rules.time_limit_ticks, 9'000U);
  EXPECT_EQ(read->info.rules.score_limit, 20);
  EXPECT_EQ(read->info.ended_ms, 77U);
  EXPECT_EQ(read->info.result, at.info.result);
}

}  // namespace
}  // namespace troupe::match

// Every registered game over real sockets, with bots on the SDK.
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "game/registry.hpp"
#include "tests/e2e/match_players.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::test {
namespace {

std::string make_match_of(const ServerProcess& server, const game::Game& rules, int seconds) {
  const auto reply = server.client("host").post(
      "/api/v1/matches",
      {{"game", std::string(rules.name())}, {"max_players", 2}, {"time_limit_s", seconds}});
  EXPECT_EQ(reply->status, 201) << reply->body;
  EXPECT_EQ(reply->json().at("game").as_string(), rules.name());
  return std::string(reply->json().at("id").as_string());
}

/// Each does at its pace what a bot would, until `condition`.
bool play_bots(const std::vector<Bot*>& bots, Random& random,
               const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  auto next = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < until) {
    for (auto* bot : bots) bot->host->service(2);
    if (condition()) return true;
    if (std::chrono::steady_clock::now() < next) continue;
    next += std::chrono::milliseconds(33);
    for (auto* bot : bots) {
      const auto* rules = bot->game->rules();
      if (rules == nullptr) continue;
      if (const auto command = bot_command(*rules, bot->game->latest(), random))
        bot->game->send(*command);
    }
  }
  return false;
}

class GamesE2E : public testing::TestWithParam<const game::Game*> {};

TEST_P(GamesE2E, TwoBotsPlayToTheEndAndSeeWhatTheServerHas) {
  const auto& rules = *GetParam();
  ServerProcess server;
  const auto match = make_match_of(server, rules, 3);
  Bot ann, bob;
  ann.connect(server, join_token(server, match, "ann"));
  bob.connect(server, join_token(server, match, "bob"));
  Random random(4);

  ASSERT_TRUE(play_bots({&ann, &bob}, random, [&] {
    return ann.game->state() == State::closed && bob.game->state() == State::closed;
  }));

  for (const auto* bot : {&ann, &bob}) {
    EXPECT_EQ(bot->game->rules(), &rules);
    EXPECT_EQ(bot->game->goodbye(), game::Goodbye::match_over);
    EXPECT_EQ(bot->game->result().size(), 2U);
    EXPECT_GT(bot->game->statistics().snapshots, 60U);
    EXPECT_EQ(bot->game->statistics().mismatches, 0U);
    ASSERT_NE(bot->game->latest(), nullptr);
    EXPECT_NE(bot->game->interpolated(2), nullptr);
  }
  EXPECT_EQ(server.metric("troupe_match_state_mismatches_total"), 0);
  EXPECT_EQ(server.metric("troupe_match_bad_commands_total"), 0);
  const auto replay = server.client("ann").request("GET", "/api/v1/matches/" + match + "/replay");
  ASSERT_EQ(replay->status, 200) << replay->body;
  EXPECT_EQ(replay->json().at("game").as_string(), rules.name());
  EXPECT_EQ(replay->json().at("players").as_array().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Games, GamesE2E,
                         testing::ValuesIn(game::games().begin(), game::games().end()),
                         [](const auto& param) { return std::string(param.param->name()); });

// A wrong command costs a client nothing but the command.
TEST(GamesE2E, ACommandOfAnotherGameIsNotSent) {
  ServerProcess server;
  const auto match = make_match_of(server, *game::find_game("ball"), 0);
  Bot ann;
  ann.connect(server, join_token(server, match, "ann"));
  Random random(1);
  ASSERT_TRUE(play_bots({&ann}, random, [&] { return ann.game->statistics().snapshots > 5; }));
  const auto before = ann.game->statistics().commands;

  ann.game->send(arena_bot(random));

  EXPECT_EQ(ann.game->statistics().commands, before);
}

TEST(GamesE2E, AGameThatThereIsNotIsRefused) {
  ServerProcess server;
  auto host = server.client("host");

  EXPECT_EQ(host.post("/api/v1/matches", {{"game", "chess boxing"}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"game", 7}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"game", "sea"}, {"max_players", 3}})->status, 400);
  EXPECT_EQ(host.post("/api/v1/matches", {{"game", "sea"}})->json().at("max_players").as_int64(),
            2);
}

}  // namespace
}  // namespace troupe::test

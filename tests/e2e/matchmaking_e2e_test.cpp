// From the queue into a match that is played, with real clients, and on into the ratings.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/e2e/match_players.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

const std::string kQueue = "/api/v1/matchmaking/queue";

json::value enter(const ServerProcess& server, const std::string& player,
                  const json::object& wish) {
  const auto reply = server.client(player).post(kQueue, wish);
  EXPECT_EQ(reply->status, 201) << reply->body;
  return reply->json();
}

std::string ticket_of(const json::value& view) {
  return std::string(view.at("ticket").as_string());
}

json::value look(const ServerProcess& server, const std::string& player,
                 const std::string& ticket) {
  return server.client(player).get(kQueue + "/" + ticket)->json();
}

bool becomes(const ServerProcess& server, const std::string& player, const std::string& ticket,
             const std::string& state) {
  return eventually([&] { return look(server, player, ticket).at("state").as_string() == state; });
}

TEST(MatchmakingE2E, TwoPlayersAreMatchedPlayAndAreRated) {
  ServerProcess server({"matchmaking.every_ms=20", "match.time_limit_s=1"});
  const auto ann =
      ticket_of(enter(server, "ann", {{"mode", "duel"}, {"regions", {{"local", 12}}}}));
  const auto bob = ticket_of(enter(server, "bob", {{"mode", "duel"}, {"auto_accept", true}}));
  ASSERT_TRUE(becomes(server, "ann", ann, "proposed"));
  ASSERT_EQ(server.client("ann").request("POST", kQueue + "/" + ann + "/accept")->status, 200);
  ASSERT_TRUE(becomes(server, "ann", ann, "matched"));
  ASSERT_TRUE(becomes(server, "bob", bob, "matched"));

  const auto made = look(server, "ann", ann).at("match");
  EXPECT_EQ(made.at("id"), look(server, "bob", bob).at("match").at("id"));
  EXPECT_EQ(made.at("region").as_string(), "local");
  Bot a, b;
  const auto join = [&](const std::string& player) {
    const auto reply =
        server.client(player).request("POST", std::string(made.at("join").as_string()));
    EXPECT_EQ(reply->status, 200) << reply->body;
    return std::string(reply->json().at("token").as_string());
  };
  a.connect(server, join("ann"));
  b.connect(server, join("bob"));
  ASSERT_TRUE(play({&a, &b}, wander, [&] {
    return a.game->state() == State::closed && b.game->state() == State::closed;
  }));
  EXPECT_EQ(a.game->goodbye(), game::Goodbye::match_over);

  EXPECT_TRUE(eventually([&] {
    const auto modes = server.client("eve").get("/api/v1/ratings/ann")->json().at("modes");
    const auto* duel = modes.as_object().if_contains("duel");
    return duel != nullptr && duel->at("matches").to_number<int>() == 1;
  }));
  EXPECT_TRUE(eventually([&] {
    const auto board = server.client("eve").get("/api/v1/leaderboards/rating-duel/top");
    return board->status == 200 && board->json().at("items").as_array().size() == 2;
  }));
}

TEST(MatchmakingE2E, APartyStaysTogether) {
  ServerProcess server({"matchmaking.every_ms=20", "matchmaking.modes=pairs:2x2"});
  const auto party = ticket_of(
      enter(server, "ann", {{"mode", "pairs"}, {"party", {"bob"}}, {"auto_accept", true}}));
  EXPECT_EQ(look(server, "bob", party).at("state").as_string(), "forming");
  EXPECT_EQ(server.client("eve").get(kQueue + "/" + party)->status, 403);
  ASSERT_EQ(
      server.client("bob").post(kQueue + "/" + party + "/accept", {{"auto_accept", true}})->status,
      200);
  const auto eve = ticket_of(enter(server, "eve", {{"mode", "pairs"}, {"auto_accept", true}}));
  const auto joe = ticket_of(enter(server, "joe", {{"mode", "pairs"}, {"auto_accept", true}}));

  ASSERT_TRUE(becomes(server, "bob", party, "matched"));

  const auto ours = look(server, "ann", party).at("match").at("team");
  EXPECT_NE(look(server, "eve", eve).at("match").at("team"), ours);
  EXPECT_NE(look(server, "joe", joe).at("match").at("team"), ours);
}

TEST(MatchmakingE2E, AMatchThatBeganSmallTakesANewcomer) {
  ServerProcess server(
      {"matchmaking.every_ms=20", "matchmaking.modes=arena:4x1:2", "matchmaking.max_wait_s=2"});
  const json::object wish{{"mode", "arena"}, {"auto_accept", true}};
  const auto ann = ticket_of(enter(server, "ann", wish));
  const auto bob = ticket_of(enter(server, "bob", wish));
  ASSERT_TRUE(becomes(server, "ann", ann, "matched"));

  const auto eve = ticket_of(enter(server, "eve", wish));

  ASSERT_TRUE(becomes(server, "eve", eve, "matched"));
  const auto match = look(server, "eve", eve).at("match");
  EXPECT_EQ(match.at("id"), look(server, "ann", ann).at("match").at("id"));
  EXPECT_EQ(match.at("id"), look(server, "bob", bob).at("match").at("id"));
  EXPECT_EQ(match.at("team").to_number<int>(), 2);
}

TEST(MatchmakingE2E, TicketsAreCancelledDeclinedAndRefused) {
  ServerProcess server({"matchmaking.every_ms=20", "matchmaking.max_tickets=2"});
  auto ann = server.client("ann");
  EXPECT_EQ(ann.post(kQueue, {{"mode", "chess"}})->status, 400);
  EXPECT_EQ(ann.post(kQueue, {{"mode", "duel"}, {"regions", {{"moon", 3}}}})->status, 400);
  EXPECT_EQ(ann.post(kQueue, {{"mode", "duel"}, {"party", {"a b"}}})->status, 400);
  EXPECT_EQ(ann.post(kQueue, {{"mode", "duel"}, {"roles", {"tank"}}})->status, 400);
  EXPECT_EQ(ann.get(kQueue)->status, 404);
  EXPECT_EQ(ann.get(kQueue + "/none")->status, 404);
  EXPECT_EQ(ann.get("/api/v1/matchmaking")->json().at("items").as_array().size(), 3U);

  const auto first = ticket_of(enter(server, "ann", {{"mode", "duel"}}));
  EXPECT_EQ(ann.post(kQueue, {{"mode", "arena"}})->status, 409);
  EXPECT_EQ(ann.get(kQueue)->json().at("ticket").as_string(), first);
  EXPECT_EQ(ann.request("DELETE", kQueue + "/" + first)->json().at("reason").as_string(),
            "cancelled");

  const auto second = ticket_of(enter(server, "ann", {{"mode", "duel"}}));
  const auto bob = ticket_of(enter(server, "bob", {{"mode", "duel"}}));
  const auto full = server.client("eve").post(kQueue, {{"mode", "duel"}});
  EXPECT_EQ(full->status, 503);
  EXPECT_TRUE(full->headers.contains("retry-after"));
  ASSERT_TRUE(becomes(server, "ann", second, "proposed"));
  EXPECT_EQ(server.client("bob").request("POST", kQueue + "/" + bob + "/decline")->status, 200);
  EXPECT_EQ(look(server, "ann", second).at("state").as_string(), "queued");
}

}  // namespace
}  // namespace troupe::test

// Tournaments over HTTP, across a kill of the server.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/e2e/match_players.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

const std::string kAll = "/api/v1/tournaments";

TEST(TournamentE2E, IsEnteredPlayedAndWonAcrossAKill) {
  ServerProcess server;
  auto host = server.client("host", "tournament");
  const auto made = host.post(kAll, {{"name", "Cup"}, {"mode", "duel"}});
  ASSERT_EQ(made->status, 201) << made->body;
  const auto path = kAll + "/" + std::string(made->json().at("id").as_string());
  for (const auto* player : {"ann", "bob", "eve"}) {
    EXPECT_EQ(server.client(player).request("PUT", path + "/entrants/" + player)->status, 200);
  }
  EXPECT_EQ(server.client("ann").request("PUT", path + "/entrants/joe")->status, 403);
  EXPECT_EQ(server.client("ann").request("PUT", path + "/entrants/ann")->status, 409);
  EXPECT_EQ(server.client("ann").request("POST", path + "/start")->status, 403);
  EXPECT_EQ(host.request("POST", path + "/start")->json().at("phase").as_string(), "running");

  server.kill();
  server.start();

  auto again = server.client("host", "tournament");
  const auto report = [&](int round, int pairing, const char* winner) {
    return again.post(path + "/results",
                      {{"round", round}, {"pairing", pairing}, {"winner", winner}});
  };
  const auto shown = again.get(path)->json();
  EXPECT_EQ(shown.at("rounds").at(0).at(0).at("winner").as_string(), "ann");  // a bye
  EXPECT_EQ(report(1, 0, "ann")->status, 409);  // bob or eve is to come
  EXPECT_EQ(report(0, 1, "eve")->status, 200);
  EXPECT_EQ(report(1, 0, "eve")->status, 200);
  const auto end = again.get(path)->json();
  EXPECT_EQ(end.at("phase").as_string(), "finished");
  EXPECT_EQ(end.at("champion").as_string(), "eve");
  EXPECT_EQ(end.at("places").at("ann").to_number<int>(), 2);
  EXPECT_EQ(again.get(kAll)->json().at("items").as_array().size(), 1U);
}

TEST(TournamentE2E, AMatchOfAPairingReportsItself) {
  ServerProcess server({"match.time_limit_s=1"});
  auto host = server.client("host", "tournament");
  const auto made = host.post(kAll, {{"name", "Cup"}, {"mode", "duel"}});
  const auto path = kAll + "/" + std::string(made->json().at("id").as_string());
  for (const auto* player : {"ann", "bob"})
    ASSERT_EQ(host.request("PUT", path + "/entrants/" + player)->status, 200);
  EXPECT_EQ(host.post(path + "/matches", {{"round", 0}, {"pairing", 0}})->status, 409);
  ASSERT_EQ(host.request("POST", path + "/start")->status, 200);
  const json::object pairing{{"round", 0}, {"pairing", 0}};
  EXPECT_EQ(server.client("eve").post(path + "/matches", pairing)->status, 403);
  const auto match = server.client("ann").post(path + "/matches", pairing);
  ASSERT_EQ(match->status, 200) << match->body;
  EXPECT_EQ(server.client("bob").post(path + "/matches", pairing)->json().at("match"),
            match->json().at("match"));

  // Bob does not come: Ann wins.
  Bot ann;
  ann.connect(server,
              join_token(server, std::string(match->json().at("match").as_string()), "ann"));
  ASSERT_TRUE(play({&ann}, wander, [&] { return ann.game->state() == State::closed; }));

  EXPECT_TRUE(eventually([&] { return host.get(path)->json().at("phase") == "finished"; }));
  EXPECT_EQ(host.get(path)->json().at("champion").as_string(), "ann");
  EXPECT_TRUE(eventually([&] {
    const auto modes = host.get("/api/v1/ratings/bob")->json().at("modes");
    return modes.as_object().contains("duel");
  }));
}

TEST(TournamentE2E, ARoundRobinHasATable) {
  ServerProcess server;
  auto host = server.client("host", "tournament");
  EXPECT_EQ(host.post(kAll, {{"name", "League"}, {"format", "swiss"}})->status, 400);
  EXPECT_EQ(host.post(kAll, {{"name", ""}})->status, 400);
  EXPECT_EQ(server.client("ann").post(kAll, {{"name", "x"}})->status, 403);
  const auto made = host.post(kAll, {{"name", "League"}, {"format", "round_robin"}});
  const auto path = kAll + "/" + std::string(made->json().at("id").as_string());
  for (const auto* player : {"ann", "bob", "eve", "joe"})
    EXPECT_EQ(host.request("PUT", path + "/entrants/" + player)->status, 200);
  ASSERT_EQ(host.request("POST", path + "/start")->status, 200);
  EXPECT_EQ(host.request("DELETE", path + "/entrants/joe")->status, 200);  // loses all
  const auto rounds = host.get(path)->json().at("rounds").as_array();
  for (std::size_t round = 0; round < rounds.size(); ++round) {
    const auto& pairings = rounds[round].as_array();
    for (std::size_t i = 0; i < pairings.size(); ++i) {
      if (pairings[i].at("played").as_bool()) continue;
      const json::object draw{{"round", round}, {"pairing", i}, {"winner", nullptr}};
      ASSERT_EQ(host.post(path + "/results", draw)->status, 200);
    }
  }
  const auto end = host.get(path)->json();
  EXPECT_EQ(end.at("phase").as_string(), "finished");
  EXPECT_EQ(end.at("standings").at(0).at("points").to_number<int>(), 5);
  EXPECT_EQ(end.at("standings").at(2).at("rank").to_number<int>(), 1);
  EXPECT_EQ(end.at("standings").at(3).at("player").as_string(), "joe");
}

}  // namespace
}  // namespace troupe::test

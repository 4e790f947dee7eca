// Leaderboards over HTTP.
#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

const std::string kBoard = "/api/v1/leaderboards/laps";

sim::HttpClient game(const ServerProcess& server) {
  return server.client("game-server", "leaderboard");
}

void submit(const ServerProcess& server, const std::string& player, int score) {
  const auto reply = game(server).post(kBoard + "/scores", {{"player", player}, {"score", score}});
  ASSERT_EQ(reply->status, 200) << reply->body;
}

TEST(LeaderboardE2E, ListsRanksNeighboursAndFriends) {
  ServerProcess server;
  ASSERT_EQ(game(server).request("PUT", kBoard, R"({"order":"low","keep":"best"})")->status, 201);
  EXPECT_EQ(game(server).request("PUT", kBoard, R"({"order":"low","keep":"best"})")->status, 200);
  for (int i = 0; i < 30; ++i) submit(server, "p" + std::to_string(i), 1'000 + i / 2);
  submit(server, "p3", 5'000);  // worse: no change

  auto p3 = server.client("p3");
  const auto rank = p3.get(kBoard + "/rank")->json();
  EXPECT_EQ(rank.at("rank").to_number<int>(), 3);
  EXPECT_EQ(rank.at("score").to_number<int>(), 1'001);
  EXPECT_EQ(rank.at("total").to_number<int>(), 30);

  const auto around = p3.get(kBoard + "/around?side=1&player=p10")->json();
  ASSERT_EQ(around.at("items").as_array().size(), 3U);
  EXPECT_EQ(around.at("items").at(0).at("player").as_string(), "p9");
  EXPECT_EQ(around.at("items").at(2).at("player").as_string(), "p11");

  const auto friends = p3.get(kBoard + "/friends?player=p20&player=nobody&player=p2")->json();
  ASSERT_EQ(friends.at("items").as_array().size(), 2U);
  EXPECT_EQ(friends.at("items").at(0).at("player").as_string(), "p2");
  EXPECT_EQ(friends.at("items").at(1).at("rank").to_number<int>(), 21);

  std::set<std::string> seen;
  std::string cursor;
  do {
    const auto page =
        p3.get(kBoard + "/top?limit=7" + (cursor.empty() ? "" : "&cursor=" + cursor))->json();
    for (const auto& row : page.at("items").as_array())
      EXPECT_TRUE(seen.insert(std::string(row.at("player").as_string())).second);
    const auto* next = page.as_object().if_contains("next");
    cursor = next == nullptr ? "" : std::string(next->as_string());
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 30U);
}

TEST(LeaderboardE2E, RefusesWhatIsNotAllowed) {
  ServerProcess server;
  auto player = server.client("ann");
  EXPECT_EQ(player.request("PUT", kBoard, "{}")->status, 403);
  EXPECT_EQ(player.get(kBoard + "/top")->status, 404);
  auto host = game(server);
  EXPECT_EQ(host.request("PUT", kBoard, R"({"order":"sideways"})")->status, 400);
  EXPECT_EQ(host.request("PUT", kBoard, R"({"reset":{"every":"hourly"}})")->status, 400);
  EXPECT_EQ(host.request("PUT", "/api/v1/leaderboards/No%20Good", "{}")->status, 400);
  ASSERT_EQ(host.request("PUT", kBoard, R"({"reset":{"every":"daily","hour":6}})")->status, 201);
  EXPECT_EQ(host.request("PUT", kBoard, R"({"keep":"sum"})")->status, 409);
  EXPECT_EQ(player.post(kBoard + "/scores", {{"player", "ann"}, {"score", 1}})->status, 403);
  EXPECT_EQ(host.post(kBoard + "/scores", {{"player", "ann"}, {"score", 1.5}})->status, 400);
  EXPECT_EQ(host.post(kBoard + "/scores", {{"player", "a b"}, {"score", 1}})->status, 400);
  EXPECT_EQ(host.post(kBoard + "/scores", {{"player", std::string(65, 'a')}, {"score", 1}})->status,
            400);
  EXPECT_EQ(player.get(kBoard + "/rank")->status, 404);
  EXPECT_EQ(player.get(kBoard + "/top?season=1")->status, 400);
  EXPECT_EQ(player.get(kBoard + "/top?cursor=abc")->status, 400);
  EXPECT_EQ(player.get(kBoard + "/friends")->status, 400);
  EXPECT_EQ(player.get(kBoard + "/top?limit=0")->status, 400);
  const auto problem = player.get(kBoard + "/rank");
  EXPECT_EQ(problem->json().at("code").as_string(), "not_found");
}

TEST(LeaderboardE2E, SubmissionsWithAKeyCountOnceAcrossAKill) {
  ServerProcess server;
  ASSERT_EQ(game(server).request("PUT", kBoard, R"({"keep":"sum"})")->status, 201);
  for (int i = 0; i < 5; ++i) {
    const auto reply = game(server).post(kBoard + "/scores", {{"player", "ann"}, {"score", 3}},
                                         {{"Idempotency-Key", "lap"}});
    ASSERT_EQ(reply->status, 200) << reply->body;
    EXPECT_EQ(reply->json().at("score").to_number<int>(), 3);
    if (i == 2) {
      server.kill();
      server.start();
    }
  }
}

}  // namespace
}  // namespace troupe::test

// Polls of a live session: over HTTP and WebSocket, and through the kill of the server.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

json::object tea(int seconds = 0) {
  json::object out{{"question", "Tea?"}, {"options", {"yes", "no"}}};
  if (seconds > 0) out["seconds"] = seconds;
  return out;
}

json::value votes_of(const json::value& poll) {
  json::array out;
  for (const auto& option : poll.at("options").as_array()) out.push_back(option.at("votes"));
  return out;
}

/// Messages of `type` until one holds `what`; how many came. 0: none within 10 s.
int count_until(sim::WsClient& viewer, const std::string& type, const std::string& what) {
  int seen = 0;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    const auto message = viewer.receive(500ms);
    if (!message.ok()) {
      if (message.code() != ErrorCode::timeout) return 0;
      continue;
    }
    if (!message->text || json::parse(message->bytes).at("type").as_string() != type) continue;
    ++seen;
    if (message->bytes.find(what) != std::string::npos) return seen;
  }
  return 0;
}

TEST(LivePollsE2E, ViewersVoteAndEverybodySeesHowItStands) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto polls = "/api/v1/live/" + session.id + "/polls";
  const auto port = server.endpoint().http_port;
  const auto join = [&](const std::string& user) {
    return std::move(
        *sim::WsClient::connect("127.0.0.1", port, "/live/" + session.id + "/ws",
                                user.empty() ? "" : server.endpoint().token(user, "")));
  };
  sim::HttpClient alice("127.0.0.1", port, server.endpoint().token("alice", ""));
  sim::HttpClient carol("127.0.0.1", port, server.endpoint().token("carol", ""));
  auto reader = join(""), bob = join("bob");
  EXPECT_EQ(carol.post(polls, tea())->status, 403);
  EXPECT_EQ(alice.post(polls, json::object{{"question", "?"}})->status, 400);

  ASSERT_EQ(alice.post(polls, tea())->status, 201);

  EXPECT_EQ(alice.post(polls, tea())->status, 409);
  ASSERT_GT(count_until(reader, "poll", "\"state\":\"open\""), 0);
  ASSERT_TRUE(bob.send_text(R"({"type":"vote","poll":1,"option":1})").ok());
  EXPECT_GT(count_until(bob, "voted", "\"option\":1"), 0);
  EXPECT_EQ(carol.request("PUT", polls + "/1/vote", R"({"option":1})")->json().at("vote"), 1);
  EXPECT_GT(count_until(reader, "poll", "\"votes\":2"), 0) << "both in the tally";
  ASSERT_TRUE(reader.send_text(R"({"type":"vote","poll":1,"option":1})").ok());
  EXPECT_GT(count_until(reader, "error", "unauthenticated"), 0);
  auto late = join("");
  EXPECT_GT(count_until(late, "poll", "Tea?"), 0) << "newcomers see it";
  EXPECT_EQ(carol.request("POST", polls + "/1/close")->status, 403);
  ASSERT_EQ(alice.request("POST", polls + "/1/close")->status, 200);
  EXPECT_GT(count_until(late, "poll", "\"state\":\"closed\""), 0);
  EXPECT_EQ(carol.request("PUT", polls + "/1/vote", R"({"option":0})")->status, 409);
  EXPECT_EQ(votes_of(alice.get(polls)->json().at("items").at(0)), (json::array{0, 2}));
}

TEST(LivePollsE2E, TalliesAreToldAtMostOnceASecond) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto port = server.endpoint().http_port;
  const auto polls = "/api/v1/live/" + session.id + "/polls";
  auto reader = std::move(
      *sim::WsClient::connect("127.0.0.1", port, "/live/" + session.id + "/ws", std::string()));
  ASSERT_GT(count_until(reader, "chat_history", ""), 0);
  sim::HttpClient alice("127.0.0.1", port, server.endpoint().token("alice", ""));
  ASSERT_EQ(alice.post(polls, tea())->status, 201);
  const auto from = std::chrono::steady_clock::now();

  for (int i = 0; i < 60; ++i) {
    sim::HttpClient user("127.0.0.1", port, server.endpoint().token("u" + std::to_string(i), ""));
    ASSERT_EQ(user.request("PUT", polls + "/1/vote", R"({"option":0})")->status, 200);
  }

  const auto told = count_until(reader, "poll", "\"votes\":60");
  const auto seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  EXPECT_GE(told, 2);
  EXPECT_LE(told, 2 + static_cast<int>(seconds));
}

TEST(LivePollsE2E, APollClosesWhenItsTimeIsOver) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto port = server.endpoint().http_port;
  sim::HttpClient alice("127.0.0.1", port, server.endpoint().token("alice", ""));
  auto reader = std::move(
      *sim::WsClient::connect("127.0.0.1", port, "/live/" + session.id + "/ws", std::string()));

  ASSERT_EQ(alice.post("/api/v1/live/" + session.id + "/polls", tea(5))->status, 201);

  EXPECT_GT(count_until(reader, "poll", "\"state\":\"closed\""), 0);
}

TEST(LivePollsE2E, AcknowledgedVotesSurviveTheKillOfTheServer) {
  ServerProcess server;
  auto alice = server.client("alice");
  const auto made = alice.post("/api/v1/live", json::object{{"title", "polled"}})->json();
  const auto polls = "/api/v1/live/" + std::string(made.at("id").as_string()) + "/polls";
  ASSERT_EQ(alice.post(polls, tea())->status, 201);
  constexpr int kVoters = 40;
  for (int i = 0; i < kVoters; ++i) {
    auto voter = server.client("voter" + std::to_string(i));
    const auto* body = i % 4 == 0 ? R"({"option":0})" : R"({"option":1})";
    ASSERT_EQ(voter.request("PUT", polls + "/1/vote", body)->status, 200);
  }

  server.kill();
  server.start();

  auto again = server.client("voter0");
  const auto poll = again.get(polls)->json().at("items").at(0);
  EXPECT_EQ(votes_of(poll), (json::array{kVoters / 4, kVoters - kVoters / 4}));
  EXPECT_EQ(poll.at("vote"), 0) << "and it is known who has voted what";
  EXPECT_EQ(again.request("PUT", polls + "/1/vote", R"({"option":1})")->status, 200);
  EXPECT_EQ(votes_of(again.get(polls)->json().at("items").at(0)),
            (json::array{kVoters / 4 - 1, kVoters - kVoters / 4 + 1}));
}

}  // namespace
}  // namespace troupe::test

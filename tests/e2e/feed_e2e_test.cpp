#include <set>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/ws_client.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

namespace json = boost::json;

void join(const ServerProcess& server, const std::string& user) {
  const auto reply = server.client(user).post("/api/v1/users", {{"handle", user}});
  ASSERT_TRUE(reply.ok());
  ASSERT_EQ(reply->status, 201) << reply->body;
}

std::string post(const ServerProcess& server, const std::string& user, const std::string& text) {
  const auto reply = server.client(user).post("/api/v1/posts", {{"text", text}});
  return reply.ok() && reply->status == 201 ? std::string(reply->json().at("id").as_string())
                                            : std::string();
}

std::vector<std::string> texts(const ServerProcess& server, const std::string& user,
                               const std::string& query = "") {
  std::vector<std::string> out;
  const auto reply = server.client(user).get("/api/v1/feed" + query);
  if (!reply.ok() || reply->status != 200) return {"error"};
  const auto page = reply->json();
  for (const auto& item : page.at("items").as_array())
    out.emplace_back(item.at("text").as_string());
  return out;
}

using Texts = std::vector<std::string>;

TEST(FeedE2E, PostsReachFollowersNewestFirstAndLeaveWithTheFollow) {
  ServerProcess server;
  for (const char* user : {"ann", "bob", "eve"}) join(server, user);
  auto bob = server.client("bob");
  post(server, "ann", "before the follow");
  EXPECT_EQ(bob.request("PUT", "/api/v1/users/bob/following/ann")->status, 204);
  post(server, "ann", "one");
  post(server, "eve", "not followed");
  post(server, "bob", "own");

  EXPECT_TRUE(eventually([&] {
    return texts(server, "bob") == Texts{"own", "one", "before the follow"};
  }));

  EXPECT_EQ(bob.request("DELETE", "/api/v1/users/bob/following/ann")->status, 204);
  EXPECT_EQ(texts(server, "bob"), Texts{"own"});
}

TEST(FeedE2E, AnUnfollowedAccountsPostsDoNotHideOlderOnesOfOthers) {
  ServerProcess server;
  for (const char* user : {"ann", "carl", "bob"}) join(server, user);
  auto bob = server.client("bob");
  for (const char* other : {"ann", "carl"}) {
    ASSERT_EQ(bob.request("PUT", std::string("/api/v1/users/bob/following/") + other)->status, 204);
  }
  post(server, "carl", "old");
  for (int i = 0; i < 210; ++i) ASSERT_FALSE(post(server, "ann", std::to_string(i)).empty());
  ASSERT_TRUE(eventually([&] { return texts(server, "bob", "?limit=1") == Texts{"209"}; }));

  ASSERT_EQ(bob.request("DELETE", "/api/v1/users/bob/following/ann")->status, 204);

  EXPECT_EQ(texts(server, "bob"), Texts{"old"});
}

TEST(FeedE2E, PagesAreStableUnderNewPosts) {
  ServerProcess server;
  join(server, "ann");
  for (int i = 0; i < 25; ++i) ASSERT_FALSE(post(server, "ann", std::to_string(i)).empty());
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto reply = server.client("ann").get("/api/v1/feed?limit=7" +
                                                (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply->status, 200);
    const auto page = reply->json();
    for (const auto& item : page.at("items").as_array())
      seen.emplace_back(item.at("text").as_string());
    cursor = page.as_object().contains("next") ? std::string(page.at("next").as_string()) : "";
    post(server, "ann", "meanwhile");
  } while (!cursor.empty() && seen.size() < 100);

  Texts expected;
  for (int i = 24; i >= 0; --i) expected.push_back(std::to_string(i));
  EXPECT_EQ(seen, expected);
}

TEST(FeedE2E, AListenerHearsOfANewPost) {
  ServerProcess server;
  join(server, "ann");
  join(server, "bob");
  ASSERT_EQ(server.client("bob").request("PUT", "/api/v1/users/bob/following/ann")->status, 204);
  auto ws = sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                   "/feed/ws?access_token=" + server.endpoint().token("bob", ""));
  ASSERT_TRUE(ws.ok());
  ASSERT_TRUE(ws->receive(std::chrono::seconds(10)).ok());  // hello

  const auto id = post(server, "ann", "news");

  const auto notice = ws->receive(std::chrono::seconds(10));
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(json::parse(notice->bytes).at("post").at("id").as_string(), id);
}

TEST(FeedE2E, ARetryWithTheSameKeyIsTheSamePost) {
  ServerProcess server;
  join(server, "ann");
  auto ann = server.client("ann");
  const auto first = ann.post("/api/v1/posts", {{"text", "once"}}, {{"Idempotency-Key", "k"}});
  const auto again = ann.post("/api/v1/posts", {{"text", "once"}}, {{"Idempotency-Key", "k"}});

  EXPECT_EQ(first->json().at("id"), again->json().at("id"));
  EXPECT_EQ(texts(server, "ann"), Texts{"once"});
}

TEST(FeedE2E, WhatIsAcknowledgedBeforeAKillReachesEachFollowerExactlyOnce) {
  ServerProcess server;
  join(server, "ann");
  for (int i = 0; i < 5; ++i) {
    const auto user = "fan" + std::to_string(i);
    join(server, user);
    ASSERT_EQ(
        server.client(user).request("PUT", "/api/v1/users/" + user + "/following/ann")->status,
        204);
  }
  Texts acknowledged;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      const auto text = fmt::format("{}-{}", round, i);
      if (!post(server, "ann", text).empty()) acknowledged.insert(acknowledged.begin(), text);
    }
    server.kill();  // fan-out is under way
    server.start();
  }

  ASSERT_EQ(acknowledged.size(), 30U);
  for (int i = 0; i < 5; ++i) {
    const auto user = "fan" + std::to_string(i);
    EXPECT_TRUE(eventually([&] { return texts(server, user) == acknowledged; })) << user;
  }
}

TEST(FeedE2E, BadInputGetsATypedError) {
  ServerProcess server;
  join(server, "ann");
  auto ann = server.client("ann"), nobody = server.client("nobody");

  EXPECT_EQ(ann.post("/api/v1/users", {{"handle", "ann2"}})->status, 409);
  EXPECT_EQ(server.client("x").post("/api/v1/users", {{"handle", "ANN"}})->status, 409)
      << "taken, whatever the case";
  EXPECT_EQ(server.client("x").post("/api/v1/users", {{"handle", "no spaces"}})->status, 400);
  EXPECT_EQ(nobody.post("/api/v1/posts", {{"text", "hi"}})->status, 404);
  EXPECT_EQ(ann.post("/api/v1/posts", {{"text", ""}})->status, 400);
  EXPECT_EQ(ann.post("/api/v1/posts", {{"text", std::string(2'001, 'x')}})->status, 400);
  EXPECT_EQ(ann.post("/api/v1/posts", {{"text", 7}})->status, 400);
  EXPECT_EQ(ann.get("/api/v1/feed?cursor=nonsense")->status, 400);
  EXPECT_EQ(ann.get("/api/v1/feed?limit=0")->status, 400);
  EXPECT_EQ(ann.request("PUT", "/api/v1/users/ann/following/ghost")->status, 404);
  EXPECT_EQ(ann.request("PUT", "/api/v1/users/bob/following/ann")->status, 403);
}

}  // namespace
}  // namespace troupe::test

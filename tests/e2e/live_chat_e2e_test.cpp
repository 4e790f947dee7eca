// Chat, moderation and reactions over real sockets.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_viewing.hpp"

namespace troupe::test {
namespace {

TEST(LiveChatE2E, ChatReachesEverybodyAndNewcomersSeeIt) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto reader = join(server, session.id);
  auto writer = join(server, session.id, server.endpoint().token("bob", ""));
  ASSERT_TRUE(read_until(reader, [](const auto& m) { return is_type(m, "hello"); }));

  ASSERT_TRUE(writer.send_text(R"({"type":"chat","name":"Bob","text":"hello there"})").ok());

  EXPECT_TRUE(read_until(reader, [](const auto& m) {
    return is_type(m, "chat") && m.bytes.find("hello there") != std::string::npos;
  }));
  auto late = join(server, session.id);
  EXPECT_TRUE(read_until(late, [](const auto& m) {
    return is_type(m, "chat_history") && m.bytes.find("hello there") != std::string::npos;
  }));
}

TEST(LiveChatE2E, WhatAViewerMayNotDoIsAnsweredWithATypedError) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto viewer = join(server, session.id);
  const auto answered = [&](const char* code) {
    return read_until(viewer, [&](const auto& m) {
      return is_type(m, "error") && m.bytes.find(code) != std::string::npos;
    });
  };

  ASSERT_TRUE(viewer.send_text(R"({"type":"chat","text":"anonymous"})").ok());
  EXPECT_TRUE(answered("unauthenticated"));
  ASSERT_TRUE(viewer.send_text("{]").ok());
  EXPECT_TRUE(answered("invalid_argument"));
  ASSERT_TRUE(viewer.send_binary(std::string(100, '\0')).ok());
  EXPECT_TRUE(answered("invalid_argument"));
}

// Over HTTP as moderators' tools do it; what they did is seen by viewers and by newcomers.
TEST(LiveChatE2E, ModeratorsPinEraseBanAndSlowDown) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto client = [&](const char* user) {
    return sim::HttpClient("127.0.0.1", server.endpoint().http_port,
                           server.endpoint().token(user, ""));
  };
  auto alice = client("alice"), carol = client("carol"), bob = client("bob");
  const auto chat = "/api/v1/live/" + session.id + "/chat";
  auto reader = join(server, session.id);
  auto writer = join(server, session.id, server.endpoint().token("bob", ""));
  const auto reads = [&](const char* part) {
    return read_until(
        reader, [&](const auto& m) { return m.text && m.bytes.find(part) != std::string::npos; });
  };
  ASSERT_TRUE(writer.send_text(R"({"type":"chat","name":"Bob","text":"first"})").ok());
  ASSERT_TRUE(reads("first"));

  EXPECT_EQ(carol.request("PATCH", chat, R"({"slow_mode_s":20})")->status, 403);
  EXPECT_EQ(alice.request("PUT", chat + "/moderators/carol")->status, 200);
  EXPECT_EQ(carol.request("PATCH", chat, R"({"slow_mode_s":20,"words":["spam"]})")->status, 200);
  EXPECT_TRUE(reads(R"("type":"chat_rules","slow_mode_s":20)"));
  EXPECT_EQ(carol.request("PUT", chat + "/pinned", R"({"number":1})")->status, 200);
  EXPECT_TRUE(reads(R"("type":"chat_pinned","line":{"number":1)"));
  EXPECT_EQ(bob.get(chat)->json().at("role").as_string(), "viewer");
  EXPECT_FALSE(bob.get(chat)->json().as_object().contains("words"));
  EXPECT_EQ(carol.request("PUT", chat + "/bans/bob", R"({"seconds":60,"reason":"rude"})")->status,
            200);
  EXPECT_TRUE(reads(R"("type":"chat_deleted","numbers":[1])"));
  ASSERT_TRUE(writer.send_text(R"({"type":"chat","name":"Bob","text":"again"})").ok());
  EXPECT_TRUE(read_until(writer, [](const auto& m) {
    return is_type(m, "error") && m.bytes.find("forbidden") != std::string::npos;
  }));
  const auto seen = carol.get(chat)->json();
  EXPECT_EQ(seen.at("bans").at(0).at("user").as_string(), "bob");
  EXPECT_EQ(seen.at("words").at(0).as_string(), "spam");
  EXPECT_TRUE(seen.at("pinned").is_null()) << "the banned user's line";
  EXPECT_EQ(carol.request("DELETE", chat + "/bans/bob")->status, 200);
}

TEST(LiveChatE2E, ModerationThatMakesNoSenseIsAProblem) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));
  const auto chat = "/api/v1/live/" + session.id + "/chat";

  EXPECT_EQ(alice.request("PATCH", chat, "{}")->status, 400);
  EXPECT_EQ(alice.request("PATCH", chat, R"({"slow_mode_s":-1})")->status, 400);
  EXPECT_EQ(alice.request("PATCH", chat, R"({"slow":1})")->status, 400);
  EXPECT_EQ(alice.request("PATCH", chat, R"({"words":[7]})")->status, 400);
  EXPECT_EQ(alice.request("PUT", chat + "/pinned", R"({"number":9})")->status, 404);
  EXPECT_EQ(alice.request("DELETE", chat + "/lines/nine")->status, 404);
  EXPECT_EQ(alice.request("DELETE", chat + "/moderators/nobody")->status, 404);
  EXPECT_EQ(alice.request("PUT", chat + "/bans/alice")->status, 403);
  EXPECT_EQ(alice.request("GET", "/api/v1/live/01ARZ3NDEKTSV4RRFFQ69G5FAV/chat")->status, 404);
  const auto reply = alice.request("PUT", chat + "/bans/bob", R"({"seconds":0})");
  EXPECT_EQ(reply->status, 400);
  EXPECT_EQ(reply->json().at("code").as_string(), "invalid_argument");
}

TEST(LiveChatE2E, ReactionsOfAllAreToldTogether) {
  LiveServer server(2);
  const auto session = make_session(server.endpoint());
  auto a = join(server, session.id), b = join(server, session.id);
  for (auto* viewer : {&a, &b})
    ASSERT_TRUE(read_until(*viewer, [](const auto& m) { return is_type(m, "hello"); }));

  ASSERT_TRUE(a.send_text(R"({"type":"react","reaction":"heart"})").ok());

  const auto told = [](const auto& m) {
    return is_type(m, "reactions") && m.bytes.find(R"("heart":1)") != std::string::npos;
  };
  EXPECT_TRUE(read_until(a, told));
  EXPECT_TRUE(read_until(b, told));
  ASSERT_TRUE(a.send_text(R"({"type":"react","reaction":"tomato"})").ok());
  EXPECT_TRUE(read_until(a, [](const auto& m) { return is_type(m, "error"); }));
}

}  // namespace
}  // namespace troupe::test

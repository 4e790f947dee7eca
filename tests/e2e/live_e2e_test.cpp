// Publish and watch over real sockets; the publisher hands in ready-made fragments.
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/fragment.hpp"
#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_viewing.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const Clip& clip() {
  static const Clip made = make_clip({});
  return made;
}

TEST(LiveE2E, AViewerGetsHelloInitsAndAnUnbrokenSequenceFromAKeyFrame) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  auto viewer = join(server, session.id);
  int inits = 0, fragments = 0, gaps = 0;
  std::map<std::uint32_t, std::uint32_t> next;
  bool greeted = false;

  EXPECT_TRUE(read_until(viewer, [&](const sim::WsMessage& message) {
    if (is_type(message, "hello"))
      greeted = json::parse(message.bytes).at("tracks").as_array().size() == 2;
    if (message.text) return false;
    const auto fragment = sim::parse_fragment(message.bytes);
    EXPECT_TRUE(fragment.ok());
    if (!fragment.ok()) return true;
    inits += fragment->init ? 1 : 0;
    if (fragment->init) return false;
    auto& expected = next[fragment->track];
    gaps += expected != 0 && fragment->sequence != expected ? 1 : 0;
    expected = fragment->sequence + 1;
    return ++fragments == 60;
  }));

  EXPECT_TRUE(greeted);
  EXPECT_EQ(inits, 2);
  EXPECT_EQ(gaps, 0);
}

TEST(LiveE2E, ViewersAreCountedExactly) {
  LiveServer server(2);
  const auto session = make_session(server.endpoint());
  auto a = join(server, session.id);
  {
    auto b = join(server, session.id), c = join(server, session.id);
    EXPECT_TRUE(read_until(a, [](const auto& m) {
      return is_type(m, "viewers") && m.bytes.find(":3}") != std::string::npos;
    }));
  }

  EXPECT_TRUE(read_until(a, [](const auto& m) {
    return is_type(m, "viewers") && m.bytes.find(":1}") != std::string::npos;
  }));
}

TEST(LiveE2E, AKilledActorLosesNoViewerAndThePictureGoesOn) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, clip());
  auto viewer = join(server, session.id);
  const auto media = [](const sim::WsMessage& m) { return !m.text; };
  ASSERT_TRUE(read_until(viewer, media));

  server.crash(session.id);

  int more = 0;
  EXPECT_TRUE(read_until(viewer, [&](const auto& m) { return media(m) && ++more > 60; }));
  EXPECT_EQ(viewer.close_code(), 0);
}

TEST(LiveE2E, ChatReachesEverybodyAndNewcomersSeeIt) {
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

TEST(LiveE2E, WhatAViewerMayNotDoIsAnsweredWithATypedError) {
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
TEST(LiveE2E, ModeratorsPinEraseBanAndSlowDown) {
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

TEST(LiveE2E, ModerationThatMakesNoSenseIsAProblem) {
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

TEST(LiveE2E, ReactionsOfAllAreToldTogether) {
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

TEST(LiveE2E, ASessionThatDoesNotExistClosesWithNotFound) {
  LiveServer server;
  auto viewer = join(server, "01ARZ3NDEKTSV4RRFFQ69G5FAV");

  EXPECT_FALSE(read_until(viewer, [](const auto&) { return false; }));

  EXPECT_EQ(viewer.close_code(), 4004);
}

TEST(LiveE2E, EndingASessionLetsViewersGoAndShutsThePublisherOut) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto viewer = join(server, session.id);
  ASSERT_TRUE(read_until(viewer, [](const auto& m) { return is_type(m, "hello"); }));
  sim::HttpClient mallory("127.0.0.1", server.endpoint().http_port,
                          server.endpoint().token("mallory", ""));
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));

  EXPECT_EQ(mallory.request("DELETE", "/api/v1/live/" + session.id)->status, 403);
  EXPECT_EQ(alice.request("DELETE", "/api/v1/live/" + session.id)->status, 200);

  EXPECT_FALSE(read_until(viewer, [](const auto&) { return false; }));
  EXPECT_EQ(viewer.close_code(), 1000);
  EXPECT_EQ(server.gateway().publish(session.id, session.key).code(), ErrorCode::not_found);
}

TEST(LiveE2E, TheListPagesAndBadRequestsAreProblems) {
  LiveServer server;
  for (int i = 0; i < 3; ++i) make_session(server.endpoint());
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port,
                       server.endpoint().token("alice", ""));

  const auto page = http.get("/api/v1/live?limit=2")->json();
  const auto rest =
      http.get("/api/v1/live?limit=2&cursor=" + std::string(page.at("next_cursor").as_string()))
          ->json();

  EXPECT_EQ(page.at("items").as_array().size(), 2U);
  EXPECT_EQ(rest.at("items").as_array().size(), 1U);
  EXPECT_TRUE(rest.at("next_cursor").is_null());
  EXPECT_EQ(http.get("/api/v1/live?limit=0")->status, 400);
  EXPECT_EQ(http.get("/api/v1/live/nonsense")->status, 404);
  EXPECT_EQ(http.post("/api/v1/live", json::object{{"title", 7}})->status, 400);
  EXPECT_EQ(http.post("/api/v1/live", json::object{{"title", ""}})->status, 400);
}

TEST(LiveE2E, ARotatedKeyIsShownOnceAndReplacesTheOldOne) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));

  const auto rotated = alice.request("POST", "/api/v1/live/" + session.id + "/key")->json();

  EXPECT_EQ(server.gateway().may_publish(session.id, session.key, live::KeyUse::publisher).code(), ErrorCode::forbidden);
  EXPECT_TRUE(server.gateway()
                  .may_publish(session.id, std::string(rotated.at("publish_key").as_string()),
                               live::KeyUse::publisher)
                  .ok());
  EXPECT_FALSE(alice.get("/api/v1/live/" + session.id)->json().as_object().contains("publish_key"));
}

TEST(LiveE2E, ARotatedKeyCutsTheRunningPublisherAndItsSuccessorGoesOn) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto publisher = std::move(*server.gateway().publish(session.id, session.key));
  publisher->tracks(clip().tracks);
  ASSERT_TRUE(publisher->chunk(clip_chunk(clip(), 0)).ok());
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));

  const auto rotated = alice.request("POST", "/api/v1/live/" + session.id + "/key")->json();
  const auto refused = publisher->chunk(clip_chunk(clip(), 1));
  const OnAir next(server, {session.id, std::string(rotated.at("publish_key").as_string())},
                   clip());
  publisher.reset();

  EXPECT_EQ(refused.code(), ErrorCode::forbidden);
  auto viewer = join(server, session.id);
  int media = 0;
  EXPECT_TRUE(read_until(viewer, [&](const auto& m) { return !m.text && ++media > 40; }));
}

TEST(LiveE2E, ThePublishersFiguresAreShownWhileItPublishes) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  const auto shown = [&] { return http.get("/api/v1/live/" + session.id)->json().as_object(); };
  EXPECT_FALSE(shown().contains("publisher"));
  const OnAir air(server, session, clip());

  ASSERT_TRUE(eventually([&] {
    const auto now = shown();
    const auto* publisher = now.if_contains("publisher");
    return publisher != nullptr && publisher->at("key_interval_s").to_number<double>() > 0;
  }));

  const auto figures = shown().at("publisher");
  EXPECT_NEAR(figures.at("key_interval_s").to_number<double>(), 1, 0.01);
  EXPECT_NEAR(figures.at("frames_per_s").to_number<double>(), 30, 1);
  EXPECT_GT(figures.at("kbit_per_s").to_number<double>(), 300);
}

TEST(LiveE2E, TheOwnerSeesTheHealthOfWhatComesInSecondBySecond) {
  media::LadderOptions thumbnails;
  thumbnails.thumbnail_every = 10s;
  LiveServer server(1, {}, thumbnails);
  const auto session = make_session(server.endpoint());
  const auto path = "/api/v1/live/" + session.id + "/health";
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));
  sim::HttpClient mallory("127.0.0.1", server.endpoint().http_port,
                          server.endpoint().token("mallory", ""));
  EXPECT_FALSE(alice.get(path)->json().at("publishing").as_bool());
  const OnAir air(server, session, clip());

  ASSERT_TRUE(
      eventually([&] { return alice.get(path)->json().at("samples").as_array().size() >= 3; }));

  const auto seen = alice.get(path)->json();
  const auto& samples = seen.at("samples").as_array();
  const auto& sample = samples.back().as_object();
  EXPECT_TRUE(seen.at("publishing").as_bool());
  EXPECT_GT(sample.at("video_kbit_per_s").to_number<double>(), 100);
  EXPECT_GT(sample.at("audio_kbit_per_s").to_number<double>(), 10);
  EXPECT_NEAR(sample.at("frames_per_s").to_number<double>(), 30, 10);
  const auto since = samples.front().at("t_ms").to_number<std::int64_t>();
  const auto later = alice.get(path + "?since=" + std::to_string(since))->json();
  EXPECT_GT(later.at("samples").as_array().front().at("t_ms").to_number<std::int64_t>(), since);
  EXPECT_EQ(alice.get(path + "?since=yesterday")->status, 400);
  EXPECT_TRUE(eventually([&] {  // Key frames are looked at as they are decoded.
    const auto now = alice.get(path)->json();
    return std::ranges::any_of(now.at("samples").as_array(), [](const json::value& one) {
      const auto* luma = one.as_object().if_contains("luma");
      return luma != nullptr && luma->to_number<double>() > 0.1 &&
             one.as_object().contains("picture_change");
    });
  }));
  EXPECT_EQ(mallory.get(path)->status, 403);
}

TEST(LiveE2E, AnAlertIsRaisedByTheSessionsRulesAndClearedWithThePublication) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const auto path = "/api/v1/live/" + session.id;
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));
  sim::HttpClient mallory("127.0.0.1", server.endpoint().http_port,
                          server.endpoint().token("mallory", ""));
  const auto put = [&](sim::HttpClient& who, const char* body) {
    return who.request("PUT", path + "/alerts", body)->status;
  };
  const auto metric = [&](const char* line) {
    return server.metrics().find(line) != std::string::npos;
  };
  EXPECT_EQ(put(mallory, R"({"frame_rate_below":100})"), 403);
  EXPECT_EQ(put(alice, R"({"frame_rate_below":-1})"), 400);
  EXPECT_EQ(put(alice, R"({"taste_below":1})"), 400);

  EXPECT_EQ(put(alice, R"({"frame_rate_below":100,"black_s":null,"raise_after_s":1})"), 200);
  {
    const OnAir air(server, session, clip());
    ASSERT_TRUE(eventually(
        [&] { return !alice.get(path + "/health")->json().at("alerts").as_array().empty(); }));
    const auto alert = alice.get(path + "/health")->json().at("alerts").as_array().front();
    EXPECT_EQ(alert.at("kind").as_string(), "frame_rate_below");
    EXPECT_EQ(alert.at("limit").to_number<double>(), 100);
    EXPECT_LT(alert.at("value").to_number<double>(), 100);
    EXPECT_TRUE(metric("troupe_live_alerts{kind=\"frame_rate_below\"} 1"));
    // Sound is decoded beside it.
    EXPECT_TRUE(eventually([&] {
      const auto health = alice.get(path + "/health")->json();
      return health.at("samples").as_array().back().as_object().contains("momentary_lufs");
    }));
  }

  EXPECT_TRUE(
      eventually([&] { return metric("troupe_live_alerts{kind=\"frame_rate_below\"} 0"); }));
  EXPECT_TRUE(alice.get(path + "/health")->json().at("alerts").as_array().empty());
  const auto rules = alice.get(path + "/alerts")->json().at("rules");
  EXPECT_EQ(rules.at("raise_after_s").to_number<int>(), 1);
  const auto journal = server.journal();
  const auto raised = journal.find(R"("kind":"frame_rate_below","state":"raised")");
  EXPECT_NE(raised, std::string::npos) << journal;
  EXPECT_NE(journal.find(R"("kind":"frame_rate_below","state":"cleared")", raised),
            std::string::npos);
  EXPECT_NE(journal.find("troupe.live.alert.v1 "), std::string::npos);
}

TEST(LiveE2E, WhatPlayersAndPagesTellIsAddedUpForTheOwner) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const OnAir air(server, session, clip());
  const auto client = [&](const char* user) {
    return sim::HttpClient("127.0.0.1", server.endpoint().http_port,
                           server.endpoint().token(user, ""));
  };
  auto alice = client("alice"), mallory = client("mallory");
  sim::HttpClient player("127.0.0.1", server.endpoint().http_port);
  const auto quality = "/api/v1/live/" + session.id + "/quality";
  const auto beacon = [&](const char* body) {
    return player.request("POST", "/live/" + session.id + "/beacon", body)->status;
  };

  EXPECT_EQ(beacon(R"({"sid":"p1","protocol":"ws","start_ms":300,"watched_ms":1000})"), 204);
  EXPECT_EQ(
      beacon(
          R"({"sid":"p1","protocol":"ws","watched_ms":9000,"rebuffers":1,"rebuffer_ms":1000,"latency_ms":180})"),
      204);
  EXPECT_EQ(beacon(R"({"sid":"p2","protocol":"ws","failed":true})"), 204);
  EXPECT_EQ(beacon(R"({"sid":"p2","protocol":"smoke"})"), 400);
  EXPECT_EQ(beacon(R"({"protocol":"ws"})"), 400);
  EXPECT_EQ(beacon(R"({"sid":"p2","protocol":"ws","start_ms":-1})"), 400);
  ASSERT_TRUE(eventually([&] {
    return player
               .get("/live/" + session.id +
                    "/index.m3u8?CMCD=sf%3Dh%2Csid%3D%22h1%22%2Csu%2Cmtp%3D8000")
               ->status == 200;
  }));
  ASSERT_EQ(player
                .request("GET", "/live/" + session.id + "/index.m3u8", {},
                         {{"CMCD-Object", "br=2000"},
                          {"CMCD-Request", "bl=1500"},
                          {"CMCD-Session", "sf=h,sid=\"h1\""},
                          {"CMCD-Status", "bs"}})
                ->status,
            200);

  EXPECT_EQ(mallory.get(quality)->status, 403);
  const auto seen = alice.get(quality)->json().at("protocols");
  const auto& ws = seen.at("ws");
  EXPECT_EQ(ws.at("playing").as_int64(), 2);
  EXPECT_EQ(ws.at("failures").as_int64(), 1);
  EXPECT_EQ(ws.at("rebuffers").as_int64(), 1);
  EXPECT_DOUBLE_EQ(ws.at("rebuffer_ratio").to_number<double>(), 0.1);
  EXPECT_NEAR(ws.at("start_ms").at("p50").to_number<double>(), 300, 30);
  EXPECT_NEAR(ws.at("latency_ms").at("p50").to_number<double>(), 180, 18);
  const auto& hls = seen.at("hls");
  EXPECT_EQ(hls.at("playbacks").as_int64(), 1);
  EXPECT_EQ(hls.at("rebuffers").as_int64(), 1);
  EXPECT_EQ(hls.at("start_ms").at("count").as_int64(), 1);
  EXPECT_NE(server.metrics().find("troupe_live_playback_rebuffers_total 2"), std::string::npos);
}

constexpr std::size_t kBig = 64 << 10;

// The slow viewer does not read at all until the server has given up on it for a while.
TEST(LiveE2E, AViewerThatDoesNotReadSkipsAndRecoversWithoutHurtingAnother) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  auto slow = join(server, session.id), quick = join(server, session.id);
  for (auto* viewer : {&slow, &quick})
    ASSERT_TRUE(read_until(*viewer, [](const auto& m) { return is_type(m, "hello"); }));
  auto publisher = std::move(*server.gateway().publish(session.id, session.key));
  publisher->tracks(clip().tracks);
  std::atomic<bool> stop{false};
  std::atomic<int> quick_skips{0};
  std::atomic<std::uint64_t> quick_chunks{0};
  std::uint64_t number = 0;
  std::thread reader([&] {
    while (!stop) {
      const auto message = quick.receive(100ms);
      if (message.ok() && is_type(*message, "skip")) ++quick_skips;
      if (message.ok() && message->bytes.size() > kBig) ++quick_chunks;
    }
  });
  // Big chunks fill the slow viewer's socket and queue quickly.
  const auto big = [](std::uint64_t sequence) {
    auto chunk = std::make_shared<media::Chunk>();
    chunk->sequence = sequence;
    chunk->track = 1;
    chunk->key = sequence % 10 == 1;
    chunk->start_us = static_cast<std::int64_t>(sequence) * 33'333;
    chunk->duration_us = 33'333;
    chunk->completed = std::chrono::steady_clock::now();
    chunk->bytes = std::make_shared<const std::string>(kBig + 1, 'x');
    return chunk;
  };
  // They come as fast as the quick viewer takes them, however fast that is.
  const auto feed = [&] {
    if (!eventually([&] { return number < quick_chunks + 8; }, 10)) return false;
    return publisher->chunk(big(++number)).ok();
  };
  const auto skipping = [&] {
    return server.metrics().find("troupe_live_skipped_chunks_total 0\n") == std::string::npos;
  };
  bool fed = true;
  EXPECT_TRUE(eventually([&] {
    fed = fed && feed();
    return !fed || skipping();
  }));
  EXPECT_TRUE(fed);

  std::thread feeder([&] {
    while (!stop && feed()) {
    }
  });
  const bool told = read_until(slow, [](const auto& m) { return is_type(m, "skip"); });
  const bool resumed = read_until(slow, [](const auto& m) { return !m.text; });
  stop = true;
  feeder.join();
  reader.join();

  EXPECT_TRUE(told);
  EXPECT_TRUE(resumed);
  EXPECT_EQ(quick_skips, 0);
}

}  // namespace
}  // namespace troupe::test

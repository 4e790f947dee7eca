// Publish and watch over real sockets; the publisher hands in ready-made fragments.
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/dash_viewers.hpp"
#include "sim/fragment.hpp"
#include "sim/hls_viewers.hpp"
#include "sim/http_client.hpp"
#include "sim/live_audience.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_viewing.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

TEST(LiveE2E, AViewerGetsHelloInitsAndAnUnbrokenSequenceFromAKeyFrame) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, usual_clip());
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
  OnAir air(server, session, usual_clip());
  auto viewer = join(server, session.id);
  const auto media = [](const sim::WsMessage& m) { return !m.text; };
  ASSERT_TRUE(read_until(viewer, media));

  server.crash(session.id);

  int more = 0;
  EXPECT_TRUE(read_until(viewer, [&](const auto& m) { return media(m) && ++more > 60; }));
  EXPECT_EQ(viewer.close_code(), 0);
}

// HLS and DASH are answered from the gateway's window; what was in the actor's mailbox is a hole,
// of which players of numbered segments see nothing.
TEST(LiveE2E, AKilledActorLosesNoPlayerOfHlsAndDash) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  OnAir air(server, session, usual_clip());
  sim::Audience players(1);
  for (const auto how : {sim::watch_hls, sim::watch_dash, sim::watch_low_latency_dash})
    players.add(how, server.endpoint(), session.id);
  ASSERT_TRUE(eventually([&] { return players.totals().hellos == 3; }));

  server.crash(session.id);

  const auto before = players.totals();
  EXPECT_TRUE(eventually([&] { return players.totals().messages > before.messages + 400; }));
  const auto after = players.totals();
  EXPECT_EQ(after.closed, 0U);
  EXPECT_EQ(after.corrupt, 0U);
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

  EXPECT_EQ(server.gateway().may_publish(session.id, session.key, live::KeyUse::publisher).code(),
            ErrorCode::forbidden);
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
  publisher->tracks(usual_clip().tracks);
  ASSERT_TRUE(publisher->chunk(clip_chunk(usual_clip(), 0)).ok());
  sim::HttpClient alice("127.0.0.1", server.endpoint().http_port,
                        server.endpoint().token("alice", ""));

  const auto rotated = alice.request("POST", "/api/v1/live/" + session.id + "/key")->json();
  const auto refused = publisher->chunk(clip_chunk(usual_clip(), 1));
  const OnAir next(server, {session.id, std::string(rotated.at("publish_key").as_string())},
                   usual_clip());
  publisher.reset();

  EXPECT_EQ(refused.code(), ErrorCode::forbidden);
  auto viewer = join(server, session.id);
  int media = 0;
  EXPECT_TRUE(read_until(viewer, [&](const auto& m) { return !m.text && ++media > 40; }));
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
  publisher->tracks(usual_clip().tracks);
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

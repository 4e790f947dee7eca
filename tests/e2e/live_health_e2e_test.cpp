// What owners see of a session: its publisher's figures and health, alerts, and how playing goes.
#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/http_client.hpp"
#include "tests/support/live_viewing.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

TEST(LiveHealthE2E, ThePublishersFiguresAreShownWhileItPublishes) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  sim::HttpClient http("127.0.0.1", server.endpoint().http_port);
  const auto shown = [&] { return http.get("/api/v1/live/" + session.id)->json().as_object(); };
  EXPECT_FALSE(shown().contains("publisher"));
  const OnAir air(server, session, usual_clip());

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

TEST(LiveHealthE2E, TheOwnerSeesTheHealthOfWhatComesInSecondBySecond) {
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
  const OnAir air(server, session, usual_clip());

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

TEST(LiveHealthE2E, AnAlertIsRaisedByTheSessionsRulesAndClearedWithThePublication) {
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
    const OnAir air(server, session, usual_clip());
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

TEST(LiveHealthE2E, WhatPlayersAndPagesTellIsAddedUpForTheOwner) {
  LiveServer server;
  const auto session = make_session(server.endpoint());
  const OnAir air(server, session, usual_clip());
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

}  // namespace
}  // namespace troupe::test

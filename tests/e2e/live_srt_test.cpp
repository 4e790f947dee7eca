// The whole way: ffmpeg encodes and pushes over SRT or RTMP to a real server; viewers check and
// decode.
#include <csignal>
#include <cstdlib>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/live_sim.hpp"
#include "tests/support/packaged_media.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

/// Ten viewers check every chunk, one of each protocol decodes.
void watch(const ServerProcess& server, sim::Ingest ingest, sim::LiveSimOptions options = {},
           int seconds = 6) {
  options.ingest = ingest;
  options.viewers = 10;
  options.decoders = 1;
  options.duration = std::chrono::seconds(seconds);
  options.size = "320x180";
  options.video_kbit = 400;
  sim::Progress progress(false);
  const std::atomic<bool> never{false};

  const auto section = sim::run_live(server.endpoint(), options, progress, never);

  ASSERT_TRUE(section.ok()) << section.error().detail << server.log();
  for (const auto& failure : section->failures) ADD_FAILURE() << failure;
  for (const auto& row : section->rows)
    std::printf("%s %.1f %s\n", row.name.c_str(), row.value, row.unit.c_str());
}

TEST(LiveSrtE2E, WhatAnEncoderPushesIsWatchedAndDecodedWithoutAHole) {
  const ServerProcess server({"live.srt_latency_ms=60"});

  watch(server, sim::Ingest::srt);
}

TEST(LiveRtmpE2E, WhatAnEncoderPushesIsWatchedAndDecodedWithoutAHole) {
  const ServerProcess server;

  watch(server, sim::Ingest::rtmp);
}

// Several at once, and a viewer of each in every protocol.
TEST(LivePublishersE2E, SessionsSideBySideAreWatchedAndDecodedOverEveryProtocolWithoutAHole) {
  const ServerProcess server({"live.chunk_ms=100", "log.level=warn"});

  watch(server, sim::Ingest::rtmp,
        {.publishers = 3, .hls_viewers = 3, .dash_viewers = 3, .low_dash_viewers = 3}, 10);
}

// Everything that happens to a public server: nobody who was there is skipped a chunk, everybody
// who comes has a picture in two seconds.
TEST(LiveCrowdE2E, ACrowdAndThoseWhoMisbehaveHarmNobody) {
  const ServerProcess server({"live.srt_latency_ms=60", "log.level=warn"});

  watch(server, sim::Ingest::srt,
        {.hls_viewers = 20,
         .misfits = {.stalled = 10, .slow = 10, .flapping = 10, .hostile = 12},
         .crowd = 200,
         .crowd_within = std::chrono::seconds(1)});

  EXPECT_EQ(server.client("alice").get("/healthz")->status, 200);
}

// The whole server: its keys, its one publisher's place, its way to cut one.
TEST(LiveRtmpE2E, OneKeyOnePublisherAndANewKeyCuts) {
  const ServerProcess server;
  auto http = server.client("alice");
  const auto made = http.post("/api/v1/live", boost::json::object{{"title", "Kitchen"}})->json();
  const auto id = std::string(made.at("id").as_string());
  const auto push = [&](const std::string& stream_key) {
    return std::move(*sim::ChildProcess::start(
        {"ffmpeg",
         "-loglevel",
         "error",
         "-re",
         "-f",
         "lavfi",
         "-i",
         "testsrc2=size=320x180:rate=30",
         "-t",
         "60",
         "-c:v",
         "libx264",
         "-preset",
         "ultrafast",
         "-g",
         "15",
         "-pix_fmt",
         "yuv420p",
         "-f",
         "flv",
         std::string(made.at("rtmp_server").as_string()) + "/" + stream_key},
        {}));
  };
  const auto refused = [&](const char* why) {
    return server.metric(std::string("troupe_ingest_refused_total{reason=\"") + why + "\"}");
  };
  const auto key = std::string(made.at("rtmp_stream_key").as_string());
  const auto is_live = [&] {
    return http.get("/api/v1/live/" + id)->json().at("state").as_string() == "live";
  };

  EXPECT_NE(push(id + "?key=wrong").wait(std::chrono::seconds(20)).value_or(0), 0);
  EXPECT_EQ(refused("forbidden"), 1);
  auto first = push(key);
  ASSERT_TRUE(eventually(is_live)) << server.log();
  EXPECT_NE(push(key).wait(std::chrono::seconds(20)).value_or(0), 0);
  EXPECT_EQ(refused("conflict"), 1);
  EXPECT_TRUE(first.running());

  const auto rotated = http.request("POST", "/api/v1/live/" + id + "/key")->json();

  EXPECT_NE(first.wait(std::chrono::seconds(20)).value_or(0), 0);
  EXPECT_TRUE(eventually([&] { return !is_live(); }));
  auto next = push(std::string(rotated.at("rtmp_stream_key").as_string()));
  EXPECT_TRUE(eventually(is_live));
}

// HEVC in MPEG-TS, to players of HLS and DASH as they want it.
TEST(LiveSrtE2E, HevcIsNamedInPlaylistsAndPlaysOverHls) {
  const ServerProcess server({"live.srt_latency_ms=60"});
  auto http = server.client("alice");
  const auto made = http.post("/api/v1/live", boost::json::object{{"title", "Kitchen"}})->json();
  const auto live = "/live/" + std::string(made.at("id").as_string());
  auto encoder =
      std::move(*sim::ChildProcess::start({"ffmpeg",
                                           "-loglevel",
                                           "error",
                                           "-re",
                                           "-f",
                                           "lavfi",
                                           "-i",
                                           "testsrc2=size=320x180:rate=30",
                                           "-f",
                                           "lavfi",
                                           "-i",
                                           "sine",
                                           "-c:v",
                                           "libx265",
                                           "-preset",
                                           "ultrafast",
                                           "-x265-params",
                                           "keyint=30:log-level=none",
                                           "-pix_fmt",
                                           "yuv420p",
                                           "-c:a",
                                           "aac",
                                           "-f",
                                           "mpegts",
                                           std::string(made.at("publish_url").as_string())},
                                          {}));
  std::string main;

  ASSERT_TRUE(eventually([&] {
    const auto reply = http.get(live + "/index.m3u8");
    main = reply.ok() && reply->status == 200 ? reply->body : "";
    return !main.empty();
  })) << server.log();

  EXPECT_NE(main.find("CODECS=\"hvc1.1.6.L60.90,mp4a.40.2\""), std::string::npos) << main;
  const auto probed = run_tool(
      {"ffprobe", "-v", "error", "-select_streams", "v:0", "-read_intervals", "%+2",
       "-count_frames", "-show_entries", "stream=codec_name,codec_tag_string,nb_read_frames", "-of",
       "csv=p=0",
       "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + live + "/index.m3u8"});
  EXPECT_EQ(probed.out.substr(0, 10), "hevc,hvc1,") << probed.out;
  EXPECT_GE(std::atoi(probed.out.substr(10).c_str()), 55) << probed.out;
  encoder.signal(SIGKILL);
}

}  // namespace
}  // namespace troupe::test

// ffmpeg pushes over SRT to a real server; what is recorded survives its kill and decodes.
#include <cstdio>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

/// An encoder of a moving picture and a tone.
sim::ChildProcess encoder(const std::string& url) {
  auto started = sim::ChildProcess::start(
      {"ffmpeg",   "-loglevel",   "error",   "-re",
       "-f",       "lavfi",       "-i",      "testsrc=size=320x180:rate=30",
       "-f",       "lavfi",       "-i",      "sine=frequency=440:sample_rate=48000",
       "-c:v",     "libx264",     "-preset", "ultrafast",
       "-tune",    "zerolatency", "-g",      "30",
       "-pix_fmt", "yuv420p",     "-c:a",    "aac",
       "-f",       "mpegts",      url},
      {});
  if (!started.ok()) throw std::runtime_error(started.error().detail);
  return std::move(*started);
}

/// Seconds of the track's recording; 0 while there is none.
double recorded_seconds(sim::HttpClient& http, const std::string& id) {
  const auto reply = http.get("/api/v1/live/" + id + "/recordings");
  if (!reply.ok() || reply->status != 200) return 0;
  return reply->json().at("tracks").as_array().at(0).at("seconds").to_number<double>();
}

/// What ffprobe counts: pictures that it decoded. Complaints of its decoder go into `complaints`.
int decoded_pictures(const std::string& url, std::string& complaints) {
  const auto command =
      "ffprobe -v error -count_frames -select_streams v:0 -show_entries stream=nb_read_frames "
      "-of csv=p=0 '" +
      url + "' 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  int pictures = 0;
  char line[512];
  while (fgets(line, sizeof line, pipe) != nullptr) {
    if (std::sscanf(line, "%d", &pictures) != 1 && line[0] != '\n') complaints += line;
  }
  pclose(pipe);
  return pictures;
}

TEST(LiveRecordE2E, TheLastMinutesSurviveTheKillOfTheServerAndDecode) {
  ServerProcess server;
  auto http = server.client("alice");
  const auto made = http.post("/api/v1/live", boost::json::object{{"title", "recorded"}});
  ASSERT_TRUE(made.ok() && made->status == 201);
  const auto session = made->json();
  const auto id = std::string(session.at("id").as_string());
  EXPECT_EQ(http.get("/api/v1/live/" + id + "/recordings")->status, 404) << "nothing yet";
  {
    auto pushing = encoder(std::string(session.at("publish_url").as_string()));
    ASSERT_TRUE(eventually([&] { return recorded_seconds(http, id) > 6; })) << server.log();
  }

  server.kill();
  server.start();

  auto again = server.client("alice");
  const auto seconds = recorded_seconds(again, id);
  EXPECT_GT(seconds, 6);
  std::string complaints;
  const auto pictures =
      decoded_pictures("http://127.0.0.1:" + std::to_string(server.endpoint().http_port) +
                           "/api/v1/live/" + id + "/recordings/index.m3u8",
                       complaints);
  EXPECT_NEAR(pictures, seconds * 30, 3) << complaints;
  EXPECT_EQ(complaints, "");
}

/// A session with at least `seconds` recorded, whose encoder has ended.
struct Recorded {
  std::string id;
  std::int64_t from_ms = 0, to_ms = 0;

  Recorded(ServerProcess& server, sim::HttpClient& http, double seconds) {
    const auto made = http.post("/api/v1/live", boost::json::object{{"title", "recorded"}})->json();
    id = std::string(made.at("id").as_string());
    {
      auto pushing = encoder(std::string(made.at("publish_url").as_string()));
      EXPECT_TRUE(eventually([&] { return recorded_seconds(http, id) > seconds; })) << server.log();
    }
    const auto track =
        http.get("/api/v1/live/" + id + "/recordings")->json().at("tracks").as_array().at(0);
    from_ms = track.at("from_ms").to_number<std::int64_t>();
    to_ms = track.at("to_ms").to_number<std::int64_t>();
  }
};

boost::json::object order(std::int64_t from_ms, std::int64_t to_ms) {
  return {{"from_ms", from_ms}, {"to_ms", to_ms}, {"title", "the best of it"}};
}

TEST(LiveClipE2E, AClipBeginsAtAKeyFrameDecodesAndOutlivesTheServer) {
  ServerProcess server;
  auto alice = server.client("alice");
  const Recorded recorded(server, alice, 6);
  const auto clips = "/api/v1/live/" + recorded.id + "/clips";
  const auto from_ms = recorded.from_ms + 2'500, to_ms = recorded.from_ms + 5'000;

  const auto ordered = alice.post(clips, order(from_ms, to_ms));

  ASSERT_EQ(ordered->status, 202) << ordered->body;
  const auto path = ordered->headers.at("location");
  boost::json::value clip;
  ASSERT_TRUE(eventually([&] {
    clip = alice.get(path)->json();
    return clip.at("state").as_string() == "ready";
  })) << boost::json::serialize(clip);
  const auto actual_from = clip.at("from_ms").to_number<std::int64_t>();
  EXPECT_LE(actual_from, from_ms);
  EXPECT_GT(actual_from, from_ms - 1'001) << "a key frame each second";
  EXPECT_NEAR(static_cast<double>(clip.at("to_ms").to_number<std::int64_t>()),
              static_cast<double>(to_ms), 35);
  server.kill();
  server.start();
  auto again = server.client("alice");
  EXPECT_EQ(again.get(clips)->json().at("items").as_array().size(), 1U);
  std::string complaints;
  const auto pictures = decoded_pictures(
      "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + path + "/clip.mp4",
      complaints);
  EXPECT_EQ(pictures, clip.at("pictures").to_number<int>());
  EXPECT_NEAR(pictures, static_cast<double>(to_ms - actual_from) * 30 / 1000, 2);
  EXPECT_EQ(complaints, "");
}

TEST(LiveClipE2E, AClipIsServedInRangesAndRefusedToOthers) {
  ServerProcess server;
  auto alice = server.client("alice"), mallory = server.client("mallory");
  const Recorded recorded(server, alice, 2);
  const auto clips = "/api/v1/live/" + recorded.id + "/clips";
  const auto status_of = [&](boost::json::value body) { return alice.post(clips, body)->status; };

  EXPECT_EQ(mallory.post(clips, order(recorded.from_ms, recorded.to_ms))->status, 403);
  EXPECT_EQ(status_of(order(recorded.to_ms, recorded.from_ms)), 400);
  EXPECT_EQ(status_of(order(1, 2)), 404) << "nothing is recorded of 1970";
  EXPECT_EQ(status_of(order(recorded.from_ms, recorded.from_ms + 3'600'000)), 413);
  EXPECT_EQ(status_of({{"from_ms", "now"}, {"to_ms", 5}}), 400);
  EXPECT_EQ(status_of({{"from_ms", 5}}), 400);
  EXPECT_EQ(alice.get(clips + "/01ARZ3NDEKTSV4RRFFQ69G5FAV")->status, 404);
  const auto ordered = alice.post(clips, order(recorded.from_ms, recorded.to_ms));
  ASSERT_EQ(ordered->status, 202) << ordered->body;
  const auto path = ordered->headers.at("location");
  ASSERT_TRUE(
      eventually([&] { return alice.get(path)->json().at("state").as_string() == "ready"; }));

  const auto whole = alice.get(path + "/clip.mp4");
  const auto part = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=4-7"}});
  const auto tail = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=-10"}});
  const auto beyond = alice.request("GET", path + "/clip.mp4", {}, {{"Range", "bytes=99999999-"}});
  const auto known =
      alice.request("GET", path + "/clip.mp4", {}, {{"If-None-Match", whole->headers.at("etag")}});

  EXPECT_EQ(whole->status, 200);
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, "ftyp");
  EXPECT_EQ(part->headers.at("content-range"), "bytes 4-7/" + std::to_string(whole->body.size()));
  EXPECT_EQ(tail->body, whole->body.substr(whole->body.size() - 10));
  EXPECT_EQ(beyond->status, 416);
  EXPECT_EQ(known->status, 304);
  EXPECT_EQ(mallory.request("DELETE", path)->status, 403);
  EXPECT_EQ(alice.request("DELETE", path)->status, 200);
  EXPECT_EQ(alice.get(path + "/clip.mp4")->status, 404);
}

}  // namespace
}  // namespace troupe::test

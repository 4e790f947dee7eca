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

}  // namespace
}  // namespace troupe::test

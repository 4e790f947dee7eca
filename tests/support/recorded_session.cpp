#include "tests/support/recorded_session.hpp"

#include <cstdio>
#include <stdexcept>

#include <gtest/gtest.h>

namespace troupe::test {

sim::ChildProcess encoder(const std::string& url, Shown shown) {
  const std::string source =
      shown == Shown::testsrc
          ? "testsrc=size=320x180:rate=30"
          : "nullsrc=size=320x180:rate=30,geq=lum='20+mod(N,19)*11':cb=128:cr=128";
  auto started = sim::ChildProcess::start(
      {"ffmpeg",   "-loglevel",   "error",   "-re",
       "-f",       "lavfi",       "-i",      source,
       "-f",       "lavfi",       "-i",      "sine=frequency=440:sample_rate=48000",
       "-c:v",     "libx264",     "-preset", "ultrafast",
       "-tune",    "zerolatency", "-g",      "30",
       "-pix_fmt", "yuv420p",     "-c:a",    "aac",
       "-f",       "mpegts",      url},
      {});
  if (!started.ok()) throw std::runtime_error(started.error().detail);
  return std::move(*started);
}

double recorded_seconds(sim::HttpClient& http, const std::string& id) {
  const auto reply = http.get("/api/v1/live/" + id + "/recordings");
  if (!reply.ok() || reply->status != 200) return 0;
  return reply->json().at("tracks").as_array().at(0).at("seconds").to_number<double>();
}

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

std::vector<int> brightness(const std::string& url) {
  const auto command = "ffmpeg -v error -i '" + url +
                       "' -vsync passthrough -vf scale=1:1 -f rawvideo -pix_fmt gray - 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  std::vector<int> all;
  for (int byte = fgetc(pipe); byte != EOF; byte = fgetc(pipe)) all.push_back(byte);
  pclose(pipe);
  return all;
}

Recorded::Recorded(ServerProcess& server, sim::HttpClient& http, double seconds,
                   const std::string& record, Shown shows)
    : shown(shows) {
  const auto made = http.post("/api/v1/live", boost::json::object{{"title", "recorded"}})->json();
  id = std::string(made.at("id").as_string());
  publish_url = std::string(made.at("publish_url").as_string());
  if (!record.empty()) {
    const auto changed =
        http.request("PATCH", "/api/v1/live/" + id,
                     boost::json::serialize(boost::json::object{{"record", record}}));
    EXPECT_EQ(changed->status, 200) << changed->body;
  }
  publish(server, http, seconds);
}

void Recorded::publish(ServerProcess& server, sim::HttpClient& http, double seconds) {
  // One that was killed is given up for lost after a while.
  EXPECT_TRUE(eventually([&] {
    return http.get("/api/v1/live/" + id)->json().at("state").as_string() == "idle";
  })) << server.log();
  {
    auto pushing = encoder(publish_url, shown);
    EXPECT_TRUE(eventually([&] { return recorded_seconds(http, id) > seconds; })) << server.log();
  }
  const auto track =
      http.get("/api/v1/live/" + id + "/recordings")->json().at("tracks").as_array().at(0);
  from_ms = track.at("from_ms").to_number<std::int64_t>();
  to_ms = track.at("to_ms").to_number<std::int64_t>();
}

}  // namespace troupe::test

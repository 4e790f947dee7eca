// Kills a server in the midst of a live stream: what viewers were sent is recorded but for the last
// chunks, the rewind window is there at once with the same numbers and bytes, and viewers go on
// once the encoder is back. What it took is printed.
#include <set>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "sim/fragment.hpp"
#include "sim/hls_playlist.hpp"
#include "sim/rtmp_publisher.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A chunk, and one that waits for the disk.
constexpr std::int64_t kLastChunksUs = 400'000;

class LiveCrash : public ::testing::Test {
 protected:
  void SetUp() override {
    auto clip = sim::make_flv_clip("320x180", 30, 400);
    ASSERT_TRUE(clip.ok()) << clip.error().detail;
    clip_ = std::move(*clip);
    const auto made = server_.client("alice")
                          .post("/api/v1/live", boost::json::object{{"title", "Crash"}})
                          ->json();
    id_ = made.at("id").as_string().c_str();
    key_ = made.at("rtmp_stream_key").as_string().c_str();
  }

  /// As an encoder does that tries again.
  void publish() {
    encoder_ = std::make_unique<sim::RtmpPublishers>(server_.endpoint(), clip_,
                                                     std::vector<std::string>{key_});
  }
  void restart() {
    server_.kill();
    encoder_.reset();
    server_.start();
    began_ = Clock::now();
  }
  [[nodiscard]] double since_restart_s() const {
    return std::chrono::duration<double>(Clock::now() - began_).count();
  }

  [[nodiscard]] std::string get(const std::string& path) const {
    sim::HttpClient http(server_.endpoint().host, server_.endpoint().http_port);
    const auto reply = http.get(path);
    return reply.ok() && reply->status == 200 ? reply->body : std::string();
  }
  /// The published picture's playlist; empty: none yet.
  [[nodiscard]] std::string playlist() const {
    const auto main = sim::parse_multivariant(get("/live/" + id_ + "/index.m3u8"));
    return main.ok() ? get("/live/" + id_ + "/" + main->video) : std::string();
  }

  /// Watches until `enough` pictures have come; the wall clock of the last one, Unix µs. 0: the
  /// server did not let us in, or nothing came for a while.
  std::int64_t watch(int enough) {
    const auto& at = server_.endpoint();
    auto viewer = sim::WsClient::connect(at.host, at.http_port, "/live/" + id_ + "/ws");
    std::int64_t last_us = 0;
    for (const auto until = Clock::now() + 20s;
         viewer.ok() && enough > 0 && Clock::now() < until;) {
      const auto message = viewer->receive(1s);
      if (!message.ok() && message.code() != ErrorCode::timeout) return 0;
      if (!message.ok() || message->text) continue;
      const auto fragment = sim::parse_fragment(message->bytes);
      if (!fragment.ok() || fragment->wall_us == 0) continue;
      last_us = fragment->wall_us;
      --enough;
    }
    return enough == 0 ? last_us : 0;
  }

  /// Until when the picture is recorded, Unix µs.
  [[nodiscard]] std::int64_t recorded_us() {
    const auto body = server_.client("alice").get("/api/v1/live/" + id_ + "/recordings")->json();
    for (const auto& track : body.at("tracks").as_array())
      if (track.at("kind").as_string() == "video")
        return track.at("to_ms").to_number<std::int64_t>() * 1'000;
    return 0;
  }

  ServerProcess server_{{"live.chunk_ms=100", "log.level=warn"}};
  sim::FlvClip clip_;
  std::string id_, key_;
  std::unique_ptr<sim::RtmpPublishers> encoder_;
  Clock::time_point began_{};
};

TEST_F(LiveCrash, WhatViewersGotIsRecordedButForTheLastChunks) {
  publish();
  ASSERT_TRUE(eventually([&] { return !playlist().empty(); }));
  const auto shown_us = watch(40);
  ASSERT_GT(shown_us, 0);

  restart();

  EXPECT_GE(recorded_us() + kLastChunksUs, shown_us);
  std::printf("recorded up to %lld ms before what was shown last\n",
              static_cast<long long>((shown_us - recorded_us()) / 1'000));
}

TEST_F(LiveCrash, TheRewindWindowIsThereAtOnceAndGoesOn) {
  publish();
  ASSERT_TRUE(eventually([&] {
    const auto media = sim::parse_media(playlist());
    return media.ok() && media->segments.size() > 3;
  }));
  const auto before = sim::parse_media(playlist());
  ASSERT_TRUE(before.ok());
  const auto first = before->segments.begin()->first;
  const auto path = "/live/" + id_ + "/video/segment-" + std::to_string(first) + ".m4s";
  const auto bytes = get(path);
  ASSERT_FALSE(bytes.empty());

  restart();

  const auto after = sim::parse_media(playlist());
  ASSERT_TRUE(after.ok()) << "before the encoder is back";
  EXPECT_EQ(after->segments.begin()->first, first);
  EXPECT_GE(after->segments.rbegin()->first + 1, before->segments.rbegin()->first);
  EXPECT_EQ(get(path), bytes);
  publish();
  ASSERT_TRUE(
      eventually([&] { return playlist().find("#EXT-X-DISCONTINUITY\n") != std::string::npos; }));
  const auto now = sim::parse_media(playlist());
  ASSERT_TRUE(now.ok());
  EXPECT_GT(now->segments.rbegin()->first, after->segments.rbegin()->first);
}

TEST_F(LiveCrash, ViewersPlayAgainOnceTheEncoderIsBack) {
  publish();
  ASSERT_GT(watch(20), 0);

  restart();
  publish();

  std::int64_t shown_us = 0;
  ASSERT_TRUE(eventually([&] { return (shown_us = watch(1)) > 0; }));
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  std::printf("a picture again %.2f s after the restart, %lld ms old\n", since_restart_s(),
              static_cast<long long>((now_us - shown_us) / 1'000));
}

}  // namespace
}  // namespace troupe::test

// An RTMP server on a real socket: what encoders do to it, and what others try.
#include <atomic>
#include <cstdlib>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/ingest/rtmp_server.hpp"
#include "tests/support/rtmp_client.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::ingest {
namespace {

using namespace std::chrono_literals;
using rtmp::MessageType;
using test::eventually;
using test::FlvTag;
using test::RtmpClient;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

struct Seen {
  std::atomic<int> opened{0}, closed{0}, chunks{0}, frames{0};
  std::atomic<bool> revoked{false};
  std::mutex mutex;
  std::vector<media::Track> tracks;
  Clock::time_point last_chunk;
};

class Sink final : public PublishSink {
 public:
  explicit Sink(Seen& seen) : seen_(seen) { ++seen_.opened; }
  ~Sink() override { ++seen_.closed; }
  void tracks(std::vector<media::Track> tracks) override {
    const std::lock_guard lock(seen_.mutex);
    seen_.tracks = std::move(tracks);
  }
  Result<void> chunk(media::ChunkPtr chunk) override {
    if (seen_.revoked) return error(ErrorCode::forbidden, "the publish key was replaced");
    {
      const std::lock_guard lock(seen_.mutex);
      seen_.last_chunk = Clock::now();
    }
    if (chunk->track == 1) seen_.frames += static_cast<int>(chunk->frames);
    ++seen_.chunks;
    return {};
  }

 private:
  Seen& seen_;
};

/// Three seconds of picture and tone, made once.
const std::vector<FlvTag>& clip() {
  static const auto tags = test::flv_clip(3);
  return tags;
}
const std::vector<FlvTag>& silent_clip() {
  static const auto tags = test::flv_clip(1, false);
  return tags;
}
int pictures(const std::vector<FlvTag>& tags) {
  int count = -1;  // the codec header
  for (const auto& tag : tags)
    count +=
        tag.type == MessageType::video && static_cast<std::uint8_t>(tag.payload[1]) < 2 ? 1 : 0;
  return count;
}

struct RtmpTest : ::testing::Test {
  Metrics metrics;
  Seen seen;
  RtmpOptions options;
  std::unique_ptr<RtmpServer> server;

  void SetUp() override {
    options.port = 0;
    options.places = std::make_shared<PublisherPlaces>(3, 2);
    options.packager.chunk_ms = 0;
    options.door.may_publish = [](const auto&) { return Result<void>(); };
    options.door.publish =
        [this](const PublishRequest& request) -> Result<std::unique_ptr<PublishSink>> {
      if (request.session != "s1") return error(ErrorCode::not_found, "no such session");
      if (request.key != "right") return error(ErrorCode::forbidden, "wrong publish key");
      if (seen.opened > seen.closed)
        return error(ErrorCode::conflict, "the session has a publisher");
      return std::unique_ptr<PublishSink>(new Sink(seen));
    };
    auto started = RtmpServer::start(metrics, options);
    ASSERT_TRUE(started.ok()) << started.error().detail;
    server = std::move(*started);
  }

  [[nodiscard]] sim::ChildProcess push(const std::string& scheme, const std::string& name,
                                       std::vector<std::string> codecs = {
                                           "-c:v", "libx264", "-preset", "ultrafast", "-tune",
                                           "zerolatency", "-c:a", "aac"}) const {
    std::vector<std::string> argv{"ffmpeg",   "-loglevel", "error", "-re",
                                  "-f",       "lavfi",     "-i",    "testsrc2=size=320x180:rate=30",
                                  "-f",       "lavfi",     "-i",    "sine",
                                  "-t",       "30",        "-g",    "15",
                                  "-pix_fmt", "yuv420p"};
    argv.insert(argv.end(), codecs.begin(), codecs.end());
    argv.insert(
        argv.end(),
        {"-f", "flv", scheme + "://127.0.0.1:" + std::to_string(server->port()) + "/live/" + name});
    return std::move(*sim::ChildProcess::start(argv, {}));
  }
  [[nodiscard]] bool counted(const std::string& series) const {
    return metrics.expose().find(series) != std::string::npos;
  }
};

TEST_F(RtmpTest, FfmpegPublishesAndItsEndIsSeen) {
  auto encoder = push("rtmp", "s1?key=right");
  ASSERT_TRUE(eventually([&] { return seen.frames > 30; }));

  encoder.signal(SIGINT);

  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  EXPECT_EQ(encoder.wait(10s).value_or(-1), 255) << "it said goodbye and was let go";
  ASSERT_EQ(seen.tracks.size(), 2U);
  EXPECT_EQ(seen.tracks[0].width, 320);
  EXPECT_EQ(seen.tracks[0].codecs.substr(0, 5), "avc1.");
  EXPECT_EQ(seen.tracks[1].sample_rate, 44'100);
  EXPECT_TRUE(counted("troupe_ingest_ended_total{reason=\"end\"} 1"));
}

TEST_F(RtmpTest, EveryPictureOfAClipComesOut) {
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));

  for (const auto& tag : clip()) client.send(tag);

  EXPECT_TRUE(eventually([&] { return seen.frames == pictures(clip()); }))
      << seen.frames << " of " << pictures(clip());
}

// Neither the first picture nor any other waits for one that comes after.
TEST_F(RtmpTest, APictureLeavesWhenItsLastByteIsIn) {
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));
  std::vector<double> waits_ms;
  int sent = 0;

  for (const auto& tag : silent_clip()) {
    if (tag.type == MessageType::video && static_cast<std::uint8_t>(tag.payload[1]) == 1) ++sent;
    const auto at = Clock::now();
    client.send(tag);
    ASSERT_TRUE(eventually([&] { return seen.frames >= sent; })) << "picture " << sent;
    const std::lock_guard lock(seen.mutex);
    if (sent > 0)
      waits_ms.push_back(std::chrono::duration<double, std::milli>(seen.last_chunk - at).count());
  }

  ASSERT_GE(sent, 30);
  std::sort(waits_ms.begin(), waits_ms.end());
  RecordProperty("p50_us", static_cast<int>(waits_ms[waits_ms.size() / 2] * 1'000));
  RecordProperty("max_us", static_cast<int>(waits_ms.back() * 1'000));
  EXPECT_LT(waits_ms[waits_ms.size() / 2], 10) << "on the median, also with a build beside it";
}

TEST_F(RtmpTest, RefusalsNameTheirReason) {
  RtmpClient wrong(server->port()), unknown(server->port()), nameless(server->port());

  EXPECT_FALSE(wrong.publish("s1?key=wrong"));
  EXPECT_FALSE(unknown.publish("s9?key=right"));
  EXPECT_FALSE(nameless.publish("s1"));

  EXPECT_THAT(wrong.heard(), HasSubstr("forbidden: wrong publish key"));
  EXPECT_THAT(unknown.heard(), HasSubstr("not_found: no such session"));
  EXPECT_THAT(nameless.heard(), HasSubstr("invalid_argument: "));
  EXPECT_TRUE(wrong.closed() && unknown.closed() && nameless.closed());
  EXPECT_TRUE(counted("troupe_ingest_refused_total{reason=\"forbidden\"} 1"));
  EXPECT_EQ(seen.opened, 0);
}

TEST_F(RtmpTest, ASecondPublisherIsRefusedAndTheFirstGoesOn) {
  RtmpClient first(server->port());
  ASSERT_TRUE(first.publish("s1?key=right"));
  RtmpClient second(server->port());

  EXPECT_FALSE(second.publish("s1?key=right"));

  EXPECT_THAT(second.heard(), HasSubstr("conflict: "));
  for (const auto& tag : clip()) first.send(tag);
  EXPECT_TRUE(eventually([&] { return seen.frames == pictures(clip()); }));
}

TEST_F(RtmpTest, ARevokedKeyCutsWithAReasonAndThePlaceIsFree) {
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));
  for (const auto& tag : clip()) client.send(tag);
  ASSERT_TRUE(eventually([&] { return seen.frames > 0; }));
  seen.revoked = true;

  for (const auto& tag : clip()) client.send(tag);

  EXPECT_TRUE(client.closed());
  EXPECT_THAT(client.heard(), HasSubstr("NetStream.Failed"));
  EXPECT_THAT(client.heard(), HasSubstr("forbidden: the publish key was replaced"));
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  seen.revoked = false;
  RtmpClient next(server->port());
  EXPECT_TRUE(next.publish("s1?key=right"));
}

TEST_F(RtmpTest, AnotherCodecIsRefusedByName) {
  auto encoder = push("rtmp", "s1?key=right", {"-c:v", "flv1", "-c:a", "aac"});

  EXPECT_NE(encoder.wait(20s).value_or(0), 0);

  EXPECT_TRUE(
      eventually([&] { return counted("troupe_ingest_ended_total{reason=\"unsupported\"} 1"); }));
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));
  client.send({MessageType::video, 0, std::string("\x90", 1) + "vp09"});
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(client.heard(), HasSubstr("unsupported: video must be H.264, HEVC or AV1, not vp09"));
}

TEST_F(RtmpTest, GarbageHarmsNobody) {
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));

  for (unsigned i = 0; i < 20; ++i) {
    RtmpClient garbage(server->port());
    if (i % 2 == 0) garbage.handshake();
    garbage.send_bytes(std::string(3'000 + i, static_cast<char>(i * 37 + 4)));
    if (i % 2 == 1) {
      EXPECT_TRUE(garbage.closed());
    }
  }

  for (const auto& tag : clip()) client.send(tag);
  EXPECT_TRUE(eventually([&] { return seen.frames == pictures(clip()); }));
}

struct ImpatientRtmpTest : RtmpTest {
  ImpatientRtmpTest() {
    // Long enough for a publisher on a loaded machine, who has to get in first.
    options.publish_timeout_ms = 1'500;
    options.idle_timeout_ms = 1'500;
    options.probe_timeout_ms = 1'500;
  }
};

TEST_F(ImpatientRtmpTest, AHandshakeThatTricklesIsCut) {
  RtmpClient silent(server->port()), slow(server->port()), half(server->port());
  half.handshake();
  half.command({"connect", 1.0, rtmp::AmfObject{{"app", "live"}}});
  std::atomic<bool> stop{false};
  std::thread trickle([&] {
    slow.send_bytes("\x03");
    while (!stop) {
      slow.send_bytes("x");
      std::this_thread::sleep_for(20ms);
    }
  });

  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(slow.closed());
  EXPECT_TRUE(half.closed());

  stop = true;
  trickle.join();
  EXPECT_TRUE(counted("troupe_ingest_refused_total{reason=\"timeout\"} 3"));
  EXPECT_TRUE(eventually([&] { return counted("troupe_ingest_rtmp_connections 0"); }));
}

TEST_F(ImpatientRtmpTest, APublisherThatTricklesKeepsNoPlace) {
  RtmpClient client(server->port());
  ASSERT_TRUE(client.publish("s1?key=right"));
  std::atomic<bool> stop{false};
  std::thread trickle([&] {
    // A message of a megabyte, byte by byte.
    std::string promise("\x04\0\0\0\x10\0\0\x09\x01\0\0\0", 12);
    client.send_bytes(promise);
    while (!stop) {
      client.send_bytes("\x17");
      std::this_thread::sleep_for(20ms);
    }
  });

  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));

  stop = true;
  trickle.join();
  EXPECT_TRUE(counted("troupe_ingest_ended_total{reason=\"timeout\"} 1"));
}

struct CrowdedRtmpTest : RtmpTest {
  CrowdedRtmpTest() { options.max_connections_per_address = 2; }
};

TEST_F(CrowdedRtmpTest, AnAddressMayHaveOnlySoManyConnections) {
  RtmpClient first(server->port()), second(server->port());
  first.handshake();
  second.handshake();
  RtmpClient third(server->port());

  EXPECT_TRUE(third.closed());

  EXPECT_TRUE(counted("troupe_ingest_refused_total{reason=\"rate_limited\"} 1"));
}

struct RtmpsTest : RtmpTest {
  test::TempDir dir;
  RtmpsTest() {
    options.tls_key = dir / "key.pem";
    options.tls_certificate = dir / "cert.pem";
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
        "-days 1 -keyout " +
        options.tls_key + " -out " + options.tls_certificate + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0);
  }
};

TEST_F(RtmpsTest, FfmpegPublishesOverTlsAndOthersPlainOnTheSamePort) {
  {
    auto encoder = push("rtmps", "s1?key=right");
    EXPECT_TRUE(eventually([&] { return seen.frames > 15; }));
  }
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  RtmpClient plain(server->port());
  EXPECT_TRUE(plain.publish("s1?key=right"));
}

TEST_F(RtmpsTest, GarbageInPlaceOfATlsHandshakeIsCut) {
  RtmpClient client(server->port());
  client.send_bytes("\x16" + std::string(2'000, 'x'));

  EXPECT_TRUE(client.closed());
}

}  // namespace
}  // namespace troupe::ingest

#include <atomic>
#include <csignal>
#include <mutex>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <srt/srt.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.hpp"
#include "net/ingest/srt_server.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::ingest {
namespace {

using test::eventually;

struct Seen {
  std::atomic<int> opened{0}, closed{0}, chunks{0}, tracks{0};
  std::mutex mutex;
  std::string codecs;  ///< of the picture
};

class Sink final : public PublishSink {
 public:
  explicit Sink(Seen& seen) : seen_(seen) { ++seen_.opened; }
  ~Sink() override { ++seen_.closed; }
  void tracks(std::vector<media::Track> tracks) override {
    const std::lock_guard lock(seen_.mutex);
    seen_.codecs = tracks.front().codecs;
    seen_.tracks = static_cast<int>(tracks.size());
  }
  Result<void> chunk(media::ChunkPtr) override {
    ++seen_.chunks;
    return {};
  }

 private:
  Seen& seen_;
};

struct IngestTest : ::testing::Test {
  Metrics metrics;
  Seen seen;
  std::unique_ptr<SrtServer> server;
  int probe_timeout_ms = 10'000;

  void SetUp() override {
    SrtOptions options;
    options.port = 0;
    options.places = std::make_shared<PublisherPlaces>(3, 2);
    options.idle_timeout_ms = 2'000;
    options.probe_timeout_ms = probe_timeout_ms;
    options.door.may_publish = [](const PublishRequest& request) -> Result<void> {
      if (request.session != "s1") return error(ErrorCode::not_found, "no such session");
      if (request.key != "right") return error(ErrorCode::forbidden, "wrong key");
      return {};
    };
    options.door.publish = [this](const auto&) -> Result<std::unique_ptr<PublishSink>> {
      return std::unique_ptr<PublishSink>(new Sink(seen));
    };
    auto started = SrtServer::start(metrics, std::move(options));
    ASSERT_TRUE(started.ok()) << started.error().detail;
    server = std::move(*started);
  }

  [[nodiscard]] sim::ChildProcess push(const std::string& session, const std::string& key,
                                       int seconds = 30,
                                       const std::string& encoder = "libx264") const {
    const auto url = "srt://127.0.0.1:" + std::to_string(server->port()) + "?streamid=#!::r=live/" +
                     session + ",m=publish,s=" + key;
    auto child = sim::ChildProcess::start({"ffmpeg",   "-loglevel",
                                           "error",    "-re",
                                           "-f",       "lavfi",
                                           "-i",       "testsrc2=size=320x180:rate=30",
                                           "-f",       "lavfi",
                                           "-i",       "sine",
                                           "-t",       std::to_string(seconds),
                                           "-c:v",     encoder,
                                           "-preset",  "ultrafast",
                                           "-tune",    "zerolatency",
                                           "-g",       "15",
                                           "-pix_fmt", "yuv420p",
                                           "-c:a",     "aac",
                                           "-f",       "mpegts",
                                           url},
                                          {});
    return std::move(*child);
  }
};

TEST_F(IngestTest, AnEncoderPublishesAndItsEndIsSeen) {
  auto encoder = push("s1", "right", 2);

  EXPECT_TRUE(eventually([&] { return seen.chunks > 10; }));
  EXPECT_EQ(seen.tracks, 2);
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
}

TEST_F(IngestTest, AnEncoderOfHevcPublishes) {
  auto encoder = push("s1", "right", 2, "libx265");

  EXPECT_TRUE(eventually([&] { return seen.chunks > 10; }));
  EXPECT_EQ(seen.tracks, 2);
  const std::lock_guard lock(seen.mutex);
  EXPECT_EQ(seen.codecs.substr(0, 9), "hvc1.1.6.");
}

TEST_F(IngestTest, AWrongKeyAndAnUnknownSessionAreRefusedAtTheHandshake) {
  auto wrong = push("s1", "wrong"), unknown = push("s9", "right");

  EXPECT_NE(wrong.wait(std::chrono::seconds(20)).value_or(0), 0);
  EXPECT_NE(unknown.wait(std::chrono::seconds(20)).value_or(0), 0);

  EXPECT_EQ(seen.opened, 0);
  const auto text = metrics.expose();
  EXPECT_NE(text.find("troupe_ingest_refused_total{reason=\"forbidden\"}"), std::string::npos);
  EXPECT_NE(text.find("troupe_ingest_refused_total{reason=\"not_found\"}"), std::string::npos);
}

TEST_F(IngestTest, AKilledEncoderLeavesItsPlaceToTheNext) {
  {
    auto encoder = push("s1", "right");
    ASSERT_TRUE(eventually([&] { return seen.chunks > 5; }));
    encoder.signal(SIGKILL);
  }
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));

  auto next = push("s1", "right");
  EXPECT_TRUE(eventually([&] { return seen.opened == 2; }));
}

TEST_F(IngestTest, AnAddressMayHaveOnlySoManyPublishers) {
  auto first = push("s1", "right"), second = push("s1", "right");
  ASSERT_TRUE(eventually([&] { return seen.opened == 2; }));

  auto third = push("s1", "right");

  EXPECT_NE(third.wait(std::chrono::seconds(20)).value_or(0), 0);
  EXPECT_NE(metrics.expose().find("troupe_ingest_refused_total{reason=\"rate_limited\"}"),
            std::string::npos);
}

struct ImpatientIngestTest : IngestTest {
  ImpatientIngestTest() { probe_timeout_ms = 1'000; }
};

// It sends empty transport packets, often enough not to be idle, and never a stream.
TEST_F(ImpatientIngestTest, APublisherThatTricklesKeepsNoPlace) {
  const SRTSOCKET socket = srt_create_socket();
  const std::string stream = "#!::r=live/s1,m=publish,s=right";
  srt_setsockflag(socket, SRTO_STREAMID, stream.data(), static_cast<int>(stream.size()));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(srt_connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  std::string null_packet(188, '\xff');
  null_packet.replace(0, 4, std::string("\x47\x1f\xff\x10", 4));

  EXPECT_TRUE(eventually([&] {
    static_cast<void>(
        srt_sendmsg(socket, null_packet.data(), static_cast<int>(null_packet.size()), -1, 0));
    return seen.closed == 1;
  }));

  srt_close(socket);
  EXPECT_THAT(metrics.expose(),
              ::testing::HasSubstr("troupe_ingest_ended_total{reason=\"timeout\"} 1"));
}

TEST_F(IngestTest, GarbageOnThePortHarmsNobody) {
  auto encoder = push("s1", "right");
  ASSERT_TRUE(eventually([&] { return seen.chunks > 2; }));
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (unsigned i = 0; i < 5'000; ++i) {
    const std::string bytes(1 + i % 1'400, static_cast<char>(i * 37));
    static_cast<void>(::sendto(socket, bytes.data(), bytes.size(), 0,
                               reinterpret_cast<sockaddr*>(&to), sizeof to));
  }
  ::close(socket);
  const int before = seen.chunks;

  EXPECT_TRUE(eventually([&] { return seen.chunks > before + 5; }));
}

}  // namespace
}  // namespace troupe::ingest

// HTTP and WebSocket push on real sockets: what encoders do to it, and what others try.
#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/api/live/push.hpp"
#include "net/ingest/push_ingest.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/http_fixture.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::ingest {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::HttpFixture;
using test::RawSocket;
using ::testing::HasSubstr;

const std::string kId = "01JD0000000000000000000000";

struct Seen {
  std::atomic<int> opened{0}, closed{0}, chunks{0}, tracks{0};
  std::atomic<bool> stuck{false};  ///< the sink takes no more for now
};

class Sink final : public PublishSink {
 public:
  explicit Sink(Seen& seen) : seen_(seen) { ++seen_.opened; }
  ~Sink() override { ++seen_.closed; }
  void tracks(std::vector<media::Track> tracks) override {
    seen_.tracks = static_cast<int>(tracks.size());
  }
  Result<void> chunk(media::ChunkPtr) override {
    ++seen_.chunks;
    EXPECT_TRUE(eventually([&] { return !seen_.stuck; }));
    return {};
  }

 private:
  Seen& seen_;
};

struct PushTest : ::testing::Test {
  Metrics metrics;
  Seen seen;
  std::shared_ptr<PushIngest> push;
  std::unique_ptr<HttpFixture> http;
  PushOptions options;

  void SetUp() override {
    options.places = std::make_shared<PublisherPlaces>(3, 2);
    options.door.publish =
        [this](const PublishRequest& request) -> Result<std::unique_ptr<PublishSink>> {
      if (request.session != kId) return error(ErrorCode::not_found, "no such session");
      if (request.key != "right") return error(ErrorCode::forbidden, "wrong publish key");
      if (seen.opened > seen.closed)
        return error(ErrorCode::conflict, "the session has a publisher");
      return std::unique_ptr<PublishSink>(new Sink(seen));
    };
    push = std::make_shared<PushIngest>(metrics, options);
    http = std::make_unique<HttpFixture>(
        [this](http::Router& router) { api::mount_live_push(router, push); });
  }
  void TearDown() override { push->stop(); }

  [[nodiscard]] std::string url(const std::string& id = kId, const std::string& query = {}) const {
    return "http://127.0.0.1:" + std::to_string(http->port()) + "/api/v1/live/" + id + "/ingest" +
           query;
  }

  [[nodiscard]] static sim::ChildProcess encode(std::vector<std::string> output, int seconds,
                                                bool live = true) {
    std::vector<std::string> argv{"ffmpeg", "-loglevel", "error"};
    if (live) argv.emplace_back("-re");
    for (const char* word : {"-f",       "lavfi",       "-i",      "testsrc2=size=320x180:rate=30",
                             "-f",       "lavfi",       "-i",      "sine",
                             "-c:v",     "libx264",     "-preset", "ultrafast",
                             "-tune",    "zerolatency", "-g",      "15",
                             "-pix_fmt", "yuv420p",     "-c:a",    "aac",
                             "-t"})
      argv.emplace_back(word);
    argv.push_back(std::to_string(seconds));
    argv.insert(argv.end(), output.begin(), output.end());
    return std::move(*sim::ChildProcess::start(argv, {.stderr_path = "-"}));
  }
};

TEST_F(PushTest, FfmpegPutsATransportStream) {
  auto encoder = encode({"-f", "mpegts", "-method", "PUT", "-headers",
                         "Authorization: Bearer right\r\nContent-Type: video/mp2t\r\n", url()},
                        2);

  EXPECT_TRUE(eventually([&] { return seen.chunks > 10; }));
  EXPECT_EQ(seen.tracks, 2);
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  EXPECT_EQ(encoder.wait(10s), 0);
  EXPECT_THAT(metrics.expose(), HasSubstr("troupe_ingest_ended_total{reason=\"end\"} 1"));
}

TEST_F(PushTest, FfmpegPostsFragmentedMp4AsItEncodes) {
  auto encoder = encode({"-f", "mp4", "-movflags", "empty_moov+frag_every_frame+default_base_moof",
                         "-method", "POST", "-content_type", "video/mp4", url(kId, "?key=right")},
                        2);

  EXPECT_TRUE(eventually([&] { return seen.chunks > 10; }));
  EXPECT_EQ(seen.tracks, 2);
  EXPECT_EQ(encoder.wait(10s), 0);
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  EXPECT_THAT(metrics.expose(), HasSubstr("troupe_ingest_ended_total{reason=\"end\"} 1"));
}

std::string head(const std::string& id, const std::string& query, const std::string& type) {
  return "PUT /api/v1/live/" + id + "/ingest" + query +
         " HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\nContent-Type: " + type +
         "\r\n\r\n";
}

TEST_F(PushTest, WhoMayNotPublishIsToldWhyBeforeTheBody) {
  const auto answer = [&](const std::string& request) {
    RawSocket socket(http->port());
    socket.send(request);
    return socket.until("}");
  };

  EXPECT_THAT(answer(head(kId, "?key=wrong", "video/mp2t")),
              ::testing::AllOf(HasSubstr("403 Forbidden"), HasSubstr("wrong publish key")));
  EXPECT_THAT(answer(head("01JD0000000000000000000009", "?key=right", "video/mp2t")),
              HasSubstr("404 Not Found"));
  EXPECT_THAT(answer(head(kId, "", "video/mp2t")), HasSubstr("401 Unauthorized"));
  EXPECT_THAT(answer(head(kId, "?key=right", "text/plain")),
              ::testing::AllOf(HasSubstr("415 Unsupported"), HasSubstr("video/mp2t")));
  EXPECT_EQ(seen.opened, 0);
}

TEST_F(PushTest, OneAtATimeAndTheNextWhenThatIsGone) {
  RawSocket first(http->port());
  first.send(head(kId, "?key=right", "video/mp2t"));
  ASSERT_TRUE(eventually([&] { return seen.opened == 1; }));

  RawSocket second(http->port());
  second.send(head(kId, "?key=right", "video/mp2t"));
  EXPECT_THAT(second.until("}"), HasSubstr("409 Conflict"));
  { const RawSocket gone = std::move(first); }
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));

  RawSocket next(http->port());
  next.send(head(kId, "?key=right", "video/mp2t"));
  EXPECT_TRUE(eventually([&] { return seen.opened == 2; }));
}

TEST_F(PushTest, GarbageIsAnsweredAndEndsThatPublicationOnly) {
  RawSocket socket(http->port());
  socket.send(head(kId, "?key=right", "video/mp4"));
  socket.send("10\r\n0123456789abcdef\r\n");

  EXPECT_THAT(socket.until("}"), ::testing::AllOf(HasSubstr("400 Bad Request"), HasSubstr("MP4")));
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  EXPECT_TRUE(socket.closed());
}

TEST_F(PushTest, ABodyThatBreaksHttpEndsIt) {
  RawSocket socket(http->port());
  socket.send(head(kId, "?key=right", "video/mp2t"));
  socket.send("zz\r\n");

  EXPECT_THAT(socket.until("}"), HasSubstr("400 Bad Request"));
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
}

TEST_F(PushTest, AClientThatWaitsForContinueGetsIt) {
  RawSocket socket(http->port());
  auto request = head(kId, "?key=right", "video/mp2t");
  request.insert(request.size() - 2, "Expect: 100-continue\r\n");

  socket.send(request);

  EXPECT_THAT(socket.until("\r\n\r\n"), HasSubstr("100 Continue"));
}

// The sink is stuck: the socket is not read, so the encoder cannot send, and memory does not grow.
TEST_F(PushTest, WhoSendsFasterThanIsTakenHasToWait) {
  seen.stuck = true;
  auto encoder = encode({"-b:v", "40M", "-minrate", "40M", "-bufsize", "1M", "-x264opts",
                         "nal-hrd=cbr:force-cfr=1", "-f", "mpegts", "-method", "PUT", "-headers",
                         "Content-Type: video/mp2t\r\n", url(kId, "?key=right")},
                        6, false);
  ASSERT_TRUE(eventually([&] { return seen.chunks == 1; }));
  const auto received = [&] {
    const auto text = metrics.expose();
    const auto at = text.find("\ntroupe_ingest_bytes_total ");
    return at == std::string::npos ? 0.0 : std::stod(text.substr(at + 27));
  };
  auto before = -1.0;
  ASSERT_TRUE(eventually([&] {
    const auto now = received();
    std::this_thread::sleep_for(200ms);
    return now > 0 && std::exchange(before, now) == now;
  })) << "it goes on reading";
  EXPECT_LT(received(), 4e6);
  EXPECT_TRUE(encoder.running());

  seen.stuck = false;

  EXPECT_EQ(encoder.wait(20s), 0);
  EXPECT_GT(received(), 1e7);
}

// --- WebSocket ---

struct WsPushTest : PushTest {
  [[nodiscard]] sim::WsClient page(const std::string& key = "right") const {
    return std::move(*sim::WsClient::connect("127.0.0.1", http->port(),
                                             "/api/v1/live/" + kId + "/publish?key=" + key));
  }
  static std::string next(sim::WsClient& page) {
    const auto message = page.receive(5s);
    return message.ok() ? message->bytes : "closed";
  }
  /// Reads until the server closes; its code.
  static int closed(sim::WsClient& page) {
    while (page.receive(10s).ok()) {
    }
    return page.close_code();
  }

  /// Two seconds as a browser's recorder writes them.
  static std::string recording() {
    const test::TempDir dir;
    auto child =
        encode({"-c:a", "libopus", "-f", "webm", "-live", "1", "-f", "matroska", dir / "clip.webm"},
               2, false);
    EXPECT_EQ(child.wait(30s), 0);
    std::ifstream file(dir / "clip.webm", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(WsPushTest, ARecordingGoesOnAirPieceByPiece) {
  const auto bytes = recording();
  auto client = page();
  ASSERT_TRUE(client.send_text(R"({"type":"start","mime":"video/webm;codecs=h264,opus"})").ok());
  EXPECT_THAT(next(client), HasSubstr(R"("type":"started","window":2097152)"));

  constexpr std::size_t kPiece = 4'096;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece)
    ASSERT_TRUE(client.send_binary(std::string_view(bytes).substr(at, kPiece)).ok());

  std::string heard;
  ASSERT_TRUE(eventually([&] {
    heard += next(client);
    return heard.find(R"("type":"live")") != std::string::npos;
  })) << heard;
  EXPECT_THAT(heard, ::testing::AllOf(HasSubstr("avc1."), HasSubstr("opus")));
  ASSERT_TRUE(client.send_text(R"({"type":"stop"})").ok());
  EXPECT_EQ(closed(client), 1000);
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  EXPECT_GT(seen.chunks, 20);
}

TEST_F(WsPushTest, WhoMayNotPublishIsToldByTheCloseCode) {
  auto wrong = page("wrong"), keyless = page("");
  ASSERT_TRUE(wrong.send_text(R"({"type":"start","mime":"video/webm"})").ok());

  EXPECT_EQ(closed(wrong), 4003);
  EXPECT_EQ(closed(keyless), 4002);

  auto first = page();
  ASSERT_TRUE(first.send_text(R"({"type":"start","mime":"video/webm"})").ok());
  EXPECT_THAT(next(first), HasSubstr("started"));
  auto second = page();
  ASSERT_TRUE(second.send_text(R"({"type":"start","mime":"video/webm"})").ok());
  EXPECT_EQ(closed(second), 4005);
}

TEST_F(WsPushTest, WhatCannotBeCarriedIsRefused) {
  auto other = page(), early = page(), garbage = page();
  ASSERT_TRUE(other.send_text(R"({"type":"start","mime":"video/x-matroska"})").ok());
  EXPECT_EQ(closed(other), 4013);
  ASSERT_TRUE(early.send_binary("bytes").ok());
  EXPECT_EQ(closed(early), 4001);
  ASSERT_TRUE(garbage.send_text(R"({"type":"start","mime":"video/mp4"})").ok());
  ASSERT_TRUE(garbage.send_binary("these are no boxes of MP4").ok());
  EXPECT_EQ(closed(garbage), 4011);
  EXPECT_TRUE(eventually([&] { return seen.closed == seen.opened; }));
}

TEST_F(WsPushTest, WhoIgnoresTheWindowIsClosedBeforeMemoryFills) {
  seen.stuck = true;
  auto client = page();
  ASSERT_TRUE(client.send_text(R"({"type":"start","mime":"video/webm"})").ok());
  const auto bytes = recording();
  for (std::size_t at = 0; at < bytes.size(); at += 32'768)
    ASSERT_TRUE(client.send_binary(std::string_view(bytes).substr(at, 32'768)).ok());
  ASSERT_TRUE(eventually([&] { return seen.chunks == 1; }));

  const std::string more(60'000, '\0');
  int sent = 0;
  while (sent < 200 && client.send_binary(more).ok()) ++sent;

  EXPECT_EQ(closed(client), 4006);
  seen.stuck = false;
}

struct ImpatientPushTest : PushTest {
  ImpatientPushTest() { options.probe_timeout = 300ms; }
};

TEST_F(ImpatientPushTest, APublisherThatTricklesKeepsNoPlace) {
  RawSocket socket(http->port());
  socket.send(head(kId, "?key=right", "video/mp2t"));
  std::string null_packet(188, '\xff');
  null_packet.replace(0, 4, std::string("\x47\x1f\xff\x10", 4));

  EXPECT_TRUE(eventually([&] {
    if (seen.closed == 0) socket.send("bc\r\n" + null_packet + "\r\n");
    return seen.closed == 1;
  }));

  EXPECT_THAT(socket.until("}"), HasSubstr("408 "));
}

TEST_F(PushTest, AServerThatStopsTellsItsPublishers) {
  RawSocket socket(http->port());
  socket.send(head(kId, "?key=right", "video/mp2t"));
  ASSERT_TRUE(eventually([&] { return seen.opened == 1; }));

  push->stop();

  EXPECT_THAT(socket.until("}"), HasSubstr("503 Service Unavailable"));
  RawSocket late(http->port());
  late.send(head(kId, "?key=right", "video/mp2t"));
  EXPECT_THAT(late.until("}"), HasSubstr("503 Service Unavailable"));
}

}  // namespace
}  // namespace troupe::ingest

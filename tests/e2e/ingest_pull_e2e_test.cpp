// Pulling from real servers on real sockets: those that behave, those that do not, and those that
// must not be asked.
#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/http/router.hpp"
#include "net/ingest/pull_ingest.hpp"
#include "tests/support/http_fixture.hpp"
#include "tests/support/rtsp_camera.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::ingest {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

struct Seen {
  std::atomic<int> opened{0}, closed{0}, chunks{0}, tracks{0};
  std::atomic<bool> over{false};
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
    return seen_.over ? Result<void>(error(ErrorCode::not_found, "the session has ended"))
                      : Result<void>();
  }

 private:
  Seen& seen_;
};

/// Three seconds of picture and tone.
std::string clip(const std::string& name, const std::vector<std::string>& output) {
  const test::TempDir dir;
  std::vector<std::string> argv{"ffmpeg",
                                "-loglevel",
                                "error",
                                "-f",
                                "lavfi",
                                "-i",
                                "testsrc2=size=320x180:rate=30",
                                "-f",
                                "lavfi",
                                "-i",
                                "sine",
                                "-t",
                                "3",
                                "-c:v",
                                "libx264",
                                "-preset",
                                "ultrafast",
                                "-g",
                                "30",
                                "-pix_fmt",
                                "yuv420p",
                                "-c:a",
                                "aac"};
  argv.insert(argv.end(), output.begin(), output.end());
  argv.push_back(dir / name);
  EXPECT_EQ(sim::ChildProcess::start(argv, {.stderr_path = "-"})->wait(30s), 0);
  std::ifstream file(dir / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct PullTest : ::testing::Test {
  Metrics metrics;
  Seen seen;
  PullIngestOptions options;
  std::unique_ptr<test::HttpFixture> source;
  std::unique_ptr<PullIngest> pulls;
  std::mutex mutex;
  std::vector<http::Responder> unanswered;
  std::atomic<int> asked{0};

  void SetUp() override {
    source = std::make_unique<test::HttpFixture>([this](http::Router& router) { mount(router); });
    options.places = std::make_shared<PublisherPlaces>(3, 2);
    options.private_addresses = true;
    options.first_wait = 50ms;
    options.door.publish =
        [this](const PublishRequest& request) -> Result<std::unique_ptr<PublishSink>> {
      EXPECT_TRUE(request.trusted);
      if (seen.over) return error(ErrorCode::not_found, "the session has ended");
      return std::unique_ptr<PublishSink>(new Sink(seen));
    };
  }
  void TearDown() override { pulls.reset(); }

  void mount(http::Router& router) {
    const auto serve = [&](const std::string& path, const std::string& body) {
      router.add("GET", path,
                 [this, body](const http::Request&, const http::Responder& out) {
                   ++asked;
                   out.send({.content_type = "application/octet-stream", .body = body});
                 },
                 {.access = http::Access::open});
    };
    const std::string head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:3\n";
    serve("/clip.mp4", clip("clip.mp4", {"-movflags", "faststart"}));
    serve("/clip.ts", clip("clip.ts", {}));
    serve("/vod.m3u8", head + "#EXTINF:3,\nclip.ts\n#EXT-X-ENDLIST\n");
    serve("/file.m3u8", head + "#EXTINF:3,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n");
    serve("/camera.sdp",
          "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
          "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n");
    std::string bomb = head;
    for (int i = 0; i < 200'000; ++i) bomb += "#EXTINF:3,\nclip.ts\n";
    serve("/bomb.m3u8", bomb);
    serve("/garbage.ts", std::string(100'000, 'g'));
    router.add("GET", "/silent",
               [this](const http::Request&, const http::Responder& out) {
                 const std::lock_guard lock(mutex);
                 unanswered.push_back(out);
                 ++asked;
               },
               {.access = http::Access::open, .timeout = 60s});
  }

  Result<void> pull(const std::string& path) {
    if (!pulls) pulls = std::make_unique<PullIngest>(metrics, options);
    return pulls->start("s1", "http://127.0.0.1:" + std::to_string(source->port()) + path, "ann");
  }
  [[nodiscard]] bool comes_to(PullState state) const {
    return eventually([&] { return pulls->status("s1")->state == state; });
  }
};

TEST_F(PullTest, AFilePlaysInItsOwnTimeAndEnds) {
  const auto began = Clock::now();

  ASSERT_TRUE(pull("/clip.mp4").ok());

  EXPECT_TRUE(comes_to(PullState::live));
  EXPECT_TRUE(comes_to(PullState::ended));
  EXPECT_GT(Clock::now() - began, 1'800ms) << "three seconds, of which one ahead of time";
  EXPECT_EQ(seen.tracks, 2);
  EXPECT_GT(seen.chunks, 55);
  EXPECT_FALSE(pulls->status("s1")->error);
  EXPECT_EQ(seen.closed, 1);
}

TEST_F(PullTest, HlsIsPulledFromItsPlaylist) {
  ASSERT_TRUE(pull("/vod.m3u8").ok());

  EXPECT_TRUE(comes_to(PullState::live));
  EXPECT_TRUE(eventually([&] { return seen.chunks > 40; }));
  EXPECT_EQ(seen.tracks, 2);
}

TEST_F(PullTest, AStreamThatBreaksOffIsTriedAgain) {
  ASSERT_TRUE(pull("/clip.ts").ok());

  EXPECT_TRUE(eventually([&] { return seen.opened >= 2; }));
  EXPECT_GE(pulls->status("s1")->attempts, 2U);
}

TEST_F(PullTest, APlaylistCannotReachIntoOurFiles) {
  ASSERT_TRUE(pull("/file.m3u8").ok());

  EXPECT_TRUE(eventually([&] { return pulls->status("s1")->attempts >= 2; }));
  EXPECT_EQ(seen.chunks, 0);
  EXPECT_TRUE(pulls->status("s1")->error);
}

TEST_F(PullTest, ADescriptionOfASessionOpensNoPorts) {
  ASSERT_TRUE(pull("/camera.sdp").ok());

  ASSERT_TRUE(eventually([&] { return pulls->status("s1")->error.has_value(); }));
  EXPECT_EQ(pulls->status("s1")->error->code, ErrorCode::io);
  EXPECT_THAT(pulls->status("s1")->error->detail, HasSubstr("cannot be opened"));
}

TEST_F(PullTest, RtspIsPulledOverTcp) {
  test::RtspCamera camera;
  pulls = std::make_unique<PullIngest>(metrics, options);

  ASSERT_TRUE(pulls->start("s1", camera.url(), "ann").ok());

  EXPECT_TRUE(eventually([&] { return seen.chunks > 3; }));
  EXPECT_EQ(seen.tracks, 1);
  EXPECT_THAT(camera.transport(), HasSubstr("RTP/AVP/TCP"));
}

TEST_F(PullTest, APlaylistIsNotReadWithoutEnd) {
  ASSERT_TRUE(pull("/bomb.m3u8").ok());

  ASSERT_TRUE(eventually([&] { return pulls->status("s1")->error.has_value(); }));
  EXPECT_EQ(pulls->status("s1")->error->code, ErrorCode::too_large);
}

TEST_F(PullTest, GarbageIsAReasonToWaitLonger) {
  ASSERT_TRUE(pull("/garbage.ts").ok());

  EXPECT_TRUE(eventually([&] { return pulls->status("s1")->attempts >= 3; }));
  EXPECT_EQ(seen.chunks, 0);
}

TEST_F(PullTest, APrivateAddressIsNotAskedUnlessThatIsAllowed) {
  options.private_addresses = false;

  ASSERT_TRUE(pull("/clip.mp4").ok());

  EXPECT_TRUE(comes_to(PullState::ended));
  EXPECT_EQ(pulls->status("s1")->error->code, ErrorCode::forbidden);
  EXPECT_EQ(asked, 0);
  ASSERT_TRUE(pulls->start("s2", "srt://127.0.0.1:1", "ann").ok());
  EXPECT_TRUE(eventually([&] { return pulls->status("s2")->state == PullState::ended; }));
  EXPECT_EQ(pulls->status("s2")->error->code, ErrorCode::forbidden);
}

TEST_F(PullTest, AServerThatSaysNothingHoldsNobody) {
  ASSERT_TRUE(pull("/silent").ok());
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  const auto began = Clock::now();

  EXPECT_TRUE(pulls->stop("s1").ok());

  EXPECT_FALSE(pulls->status("s1"));
  EXPECT_EQ(pulls->stop("s1").code(), ErrorCode::not_found);
  EXPECT_TRUE(eventually([&] { return seen.closed == 1; }));
  pulls.reset();
  EXPECT_LT(Clock::now() - began, 3s);
}

struct ImpatientPullTest : PullTest {
  ImpatientPullTest() { options.pull.open_timeout = 300ms; }
};

TEST_F(ImpatientPullTest, AServerThatSaysNothingIsGivenUp) {
  ASSERT_TRUE(pull("/silent").ok());

  ASSERT_TRUE(eventually([&] { return pulls->status("s1")->error.has_value(); }));
  EXPECT_EQ(pulls->status("s1")->error->code, ErrorCode::timeout);
}

TEST_F(PullTest, WhenTheSessionEndsSoDoesIt) {
  ASSERT_TRUE(pull("/clip.mp4").ok());
  ASSERT_TRUE(comes_to(PullState::live));

  seen.over = true;

  EXPECT_TRUE(comes_to(PullState::ended));
  EXPECT_EQ(pulls->status("s1")->error->code, ErrorCode::not_found);
}

TEST_F(PullTest, AnotherUrlTakesThePlace) {
  ASSERT_TRUE(pull("/silent").ok());
  ASSERT_TRUE(eventually([&] { return asked == 1; }));

  ASSERT_TRUE(pull("/clip.mp4").ok());

  EXPECT_TRUE(comes_to(PullState::live));
  EXPECT_THAT(pulls->status("s1")->url, HasSubstr("/clip.mp4"));
  EXPECT_TRUE(eventually([&] { return seen.closed >= 1; })) << "the first has gone";
}

TEST_F(PullTest, AnOwnerMayPullOnlySoMany) {
  ASSERT_TRUE(pull("/silent").ok());
  const auto more = [&](const char* session, const char* owner) {
    const auto url = "http://127.0.0.1:" + std::to_string(source->port()) + "/silent";
    const auto done = pulls->start(session, url, owner);
    return done.ok() ? ErrorCode{} : done.code();
  };

  EXPECT_EQ(more("s2", "ann"), ErrorCode{});
  EXPECT_EQ(more("s3", "ann"), ErrorCode::rate_limited);
  EXPECT_EQ(more("s4", "bob"), ErrorCode{});
  EXPECT_EQ(more("s5", "bob"), ErrorCode::overloaded);
}

}  // namespace
}  // namespace troupe::ingest

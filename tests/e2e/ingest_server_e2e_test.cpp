// The whole server: encoders come in by its doors, a viewer checks the timeline.
#include <algorithm>
#include <map>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/fragment.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using ::testing::HasSubstr;

/// A session that nobody publishes to yet.
struct Session {
  explicit Session(const ServerProcess& server_in, boost::json::object body = {{"title", "Air"}})
      : server(server_in), http(server_in.client("alice")) {
    const auto reply = http.post("/api/v1/live", body);
    EXPECT_EQ(reply->status, 201) << reply->body;
    made = reply->json().as_object();
    id = made.at("id").as_string();
  }
  [[nodiscard]] boost::json::object shown() {
    return http.get("/api/v1/live/" + id)->json().as_object();
  }
  [[nodiscard]] bool is_live() { return shown().at("state").as_string() == "live"; }
  [[nodiscard]] std::string text(const char* name) const {
    return std::string(made.at(name).as_string());
  }
  [[nodiscard]] std::string rtmp() const {
    return text("rtmp_server") + "/" + text("rtmp_stream_key");
  }

  const ServerProcess& server;
  sim::HttpClient http;
  boost::json::object made;
  std::string id;
};

sim::ChildProcess encode(const std::string& format, const std::string& url,
                         const std::vector<std::string>& more = {}) {
  std::vector<std::string> argv{"ffmpeg",  "-loglevel", "error",    "-re",
                                "-f",      "lavfi",     "-i",       "testsrc2=size=320x180:rate=30",
                                "-f",      "lavfi",     "-i",       "sine=sample_rate=48000",
                                "-t",      "60",        "-c:v",     "libx264",
                                "-preset", "ultrafast", "-tune",    "zerolatency",
                                "-g",      "30",        "-pix_fmt", "yuv420p",
                                "-c:a",    "aac"};
  argv.insert(argv.end(), more.begin(), more.end());
  argv.insert(argv.end(), {"-f", format, url});
  return std::move(*sim::ChildProcess::start(argv, {.stderr_path = "-"}));
}

/// Watches over WebSocket and checks that each track goes on where it was.
class Viewer {
 public:
  Viewer(const ServerProcess& server, const std::string& id)
      : socket_(std::move(*sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                                  "/live/" + id + "/ws"))) {}

  /// Reads for so long.
  void watch(std::chrono::milliseconds time) {
    const auto end = Clock::now() + time;
    while (Clock::now() < end) {
      const auto message = socket_.receive(50ms);
      if (!message.ok()) continue;
      if (message->text) {
        hear(boost::json::parse(message->bytes).as_object());
      } else {
        take(message->bytes);
      }
    }
  }
  /// Until `condition`, at most 20 s.
  bool watch_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 400 && !condition(); ++i) watch(50ms);
    return condition();
  }

  int hellos = 0, chunks = 0;
  double longest_step_ms = 0;   ///< in the timeline, of any track
  double longest_pause_ms = 0;  ///< between two messages with pictures
  bool stepped_back = false;

 private:
  void hear(const boost::json::object& message) {
    if (message.at("type").as_string() != "hello") return;
    if (message.at("state").as_string() != "live") return;
    ++hellos;
    last_.clear();
    for (const auto& track : message.at("tracks").as_array())
      timescale_[track.at("id").to_number<std::uint32_t>()] =
          track.at("timescale").to_number<double>();
  }

  void take(const std::string& bytes) {
    const auto fragment = sim::parse_fragment(bytes);
    ASSERT_TRUE(fragment.ok()) << fragment.error().detail;
    if (fragment->init) return;
    ++chunks;
    const auto ms = static_cast<double>(fragment->decode_time) / timescale_[fragment->track] * 1e3;
    const auto found = last_.find(fragment->track);
    if (found != last_.end()) {
      stepped_back = stepped_back || ms <= found->second;
      longest_step_ms = std::max(longest_step_ms, ms - found->second);
    }
    last_[fragment->track] = ms;
    if (fragment->track != 1) return;
    const auto now = Clock::now();
    if (heard_ != Clock::time_point())
      longest_pause_ms = std::max(longest_pause_ms,
                                  std::chrono::duration<double, std::milli>(now - heard_).count());
    heard_ = now;
  }

  sim::WsClient socket_;
  std::map<std::uint32_t, double> timescale_, last_;
  Clock::time_point heard_;
};

/// A chunk is 100 ms, or four pictures where rounding says so.
constexpr double kStepMs = 140;

void expect_one_timeline(const Viewer& viewer) {
  EXPECT_EQ(viewer.hellos, 1) << "no new publication";
  EXPECT_FALSE(viewer.stepped_back);
  EXPECT_LT(viewer.longest_step_ms, kStepMs);
}

TEST(BackupE2E, AKilledPublisherIsFollowedByItsBackupOnTheSameTimeline) {
  const ServerProcess server;
  Session session(server);
  auto primary = encode("flv", session.rtmp());
  ASSERT_TRUE(eventually([&] { return session.is_live(); })) << server.log();
  auto backup = encode("flv", session.rtmp() + "&backup=1");
  Viewer viewer(server, session.id);
  ASSERT_TRUE(viewer.watch_until([&] {
    const auto shown = session.shown();
    return shown.contains("backup") && shown.at("backup").at("standing_by").as_bool();
  }));
  viewer.watch(2s);

  primary.signal(SIGKILL);
  viewer.watch(3s);

  expect_one_timeline(viewer);
  const auto shown = session.shown();
  EXPECT_EQ(shown.at("backup").at("on_air").as_string(), "backup");
  EXPECT_EQ(server.metric("troupe_ingest_switches_total{to=\"backup\"}"), 1);
  std::printf("killed: %.0f ms without a picture, %.1f ms longest step of the timeline\n",
              viewer.longest_pause_ms, viewer.longest_step_ms);
  EXPECT_LT(viewer.longest_pause_ms, 1'000);
  const auto before = viewer.chunks;
  viewer.watch(1s);
  EXPECT_GT(viewer.chunks, before + 10);
}

TEST(BackupE2E, ASilentPublisherGivesWayWithinASecondAndABackupOverSrtToo) {
  const ServerProcess server({"live.backup_after_ms=1000", "live.srt_latency_ms=60"});
  Session session(server);
  const auto srt = session.text("publish_url") + ",role=backup";
  auto primary = encode("mpegts", session.text("publish_url"));
  ASSERT_TRUE(eventually([&] { return session.is_live(); })) << server.log();
  auto backup = encode("mpegts", srt);
  Viewer viewer(server, session.id);
  ASSERT_TRUE(viewer.watch_until([&] {
    const auto shown = session.shown();
    return shown.contains("backup") && shown.at("backup").at("standing_by").as_bool();
  }));
  viewer.watch(3s);

  primary.signal(SIGSTOP);
  viewer.watch(4s);

  expect_one_timeline(viewer);
  const auto shown = session.shown();
  EXPECT_EQ(shown.at("backup").at("on_air").as_string(), "backup");
  std::printf("silent: %.0f ms without a picture, %.1f ms longest step of the timeline\n",
              viewer.longest_pause_ms, viewer.longest_step_ms);
  EXPECT_LT(viewer.longest_pause_ms, 2'500);
  primary.signal(SIGKILL);
}

TEST(BackupE2E, ABackupNeedsTheKeyAndThereIsOne) {
  const ServerProcess server;
  Session session(server);
  auto primary = encode("flv", session.rtmp());
  ASSERT_TRUE(eventually([&] { return session.is_live(); }));

  auto wrong = encode("flv", session.text("rtmp_server") + "/" + session.id + "?key=no&backup=1");
  EXPECT_NE(wrong.wait(20s).value_or(0), 0);
  auto backup = encode("flv", session.rtmp() + "&backup=1");
  ASSERT_TRUE(eventually([&] { return session.shown().contains("backup"); }));
  auto third = encode("flv", session.rtmp() + "&backup=1");
  EXPECT_NE(third.wait(20s).value_or(0), 0);

  EXPECT_EQ(session.http.request("POST", "/api/v1/live/" + session.id + "/key")->status, 200);
  EXPECT_NE(primary.wait(20s).value_or(0), 0);
  EXPECT_NE(backup.wait(20s).value_or(0), 0);
  EXPECT_TRUE(eventually([&] { return !session.is_live(); }));
}

TEST(BackupE2E, ABackupWithAKeyOfItsOwnOutlivesTheOtherKey) {
  const ServerProcess server;
  Session session(server);
  const auto path = "/api/v1/live/" + session.id + "/key";
  const auto ask = [&](const std::string& body) {
    return session.http.request("POST", path, body, {{"Content-Type", "application/json"}});
  };
  EXPECT_EQ(ask(R"({"for":"nobody"})")->status, 400);
  EXPECT_EQ(ask(R"({"expires_in_s":0})")->status, 400);
  const auto made = ask(R"({"for":"backup","expires_in_s":3600})");
  ASSERT_EQ(made->status, 200) << made->body;
  const auto shown = made->json();
  EXPECT_TRUE(shown.at("backup_key").as_bool());
  EXPECT_GT(shown.at("backup_key_expires_ms").to_number<std::uint64_t>(), 0U);
  const auto key = std::string(shown.at("publish_key").as_string());
  const auto rtmp =
      session.text("rtmp_server") + "/" + std::string(shown.at("rtmp_stream_key").as_string());
  auto as_first = encode("flv", session.text("rtmp_server") + "/" + session.id + "?key=" + key);
  EXPECT_NE(as_first.wait(20s).value_or(0), 0) << "it is for the backup alone";
  auto primary = encode("flv", session.rtmp());
  ASSERT_TRUE(eventually([&] { return session.is_live(); }));
  auto backup = encode("flv", rtmp);
  ASSERT_TRUE(eventually([&] {
    const auto now = session.shown();
    return now.contains("backup") && now.at("backup").at("standing_by").as_bool();
  }));

  const auto renewed = session.http.request("POST", path);
  ASSERT_EQ(renewed->status, 200);
  EXPECT_NE(primary.wait(20s).value_or(0), 0) << "its key was replaced";
  EXPECT_TRUE(eventually([&] {
    const auto now = session.shown();
    return now.contains("backup") && now.at("backup").at("on_air").as_string() == "backup";
  })) << "the backup's was not";

  ASSERT_EQ(session.http.request("DELETE", path + "?for=backup")->status, 200);
  EXPECT_NE(backup.wait(20s).value_or(0), 0);
  EXPECT_TRUE(eventually([&] { return !session.is_live(); }));
}

TEST(IngestE2E, AfterAKillASessionIsIdleUntilItsPublisherIsBack) {
  ServerProcess server;
  Session session(server);
  auto encoder = encode("flv", session.rtmp());
  ASSERT_TRUE(eventually([&] { return session.is_live(); })) << server.log();
  const auto started_ms = session.shown().at("started_ms").to_number<std::uint64_t>();

  server.kill();
  EXPECT_TRUE(encoder.wait(20s));
  server.start();

  auto alice = server.client("alice");
  const auto path = "/api/v1/live/" + session.id;
  const auto state = [&] { return std::string(alice.get(path)->json().at("state").as_string()); };
  EXPECT_EQ(state(), "idle");
  const auto listed = alice.get("/api/v1/live")->json().at("items").as_array();
  EXPECT_EQ(listed.at(0).at("state").as_string(), "idle");
  auto again = encode("flv", "rtmp://127.0.0.1:" + std::to_string(server.endpoint().rtmp_port) +
                                 "/live/" + session.text("rtmp_stream_key"));
  EXPECT_TRUE(eventually([&] { return state() == "live"; })) << server.log();
  EXPECT_TRUE(eventually([&] {
    return alice.get(path)->json().at("started_ms").to_number<std::uint64_t>() > started_ms;
  }));
}

TEST(BackupE2E, AKeyThatExpiresCutsWhoCameByIt) {
  const ServerProcess server;
  Session session(server);
  const auto made =
      session.http.request("POST", "/api/v1/live/" + session.id + "/key", R"({"expires_in_s":10})",
                           {{"Content-Type", "application/json"}});
  const auto rtmp = session.text("rtmp_server") + "/" +
                    std::string(made->json().at("rtmp_stream_key").as_string());

  auto encoder = encode("flv", rtmp);
  EXPECT_TRUE(eventually([&] { return session.is_live(); }, 9)) << server.log();

  EXPECT_NE(encoder.wait(30s).value_or(0), 0);
  auto late = encode("flv", rtmp);
  EXPECT_NE(late.wait(20s).value_or(0), 0);
}

TEST(PullE2E, APullOutlivesAKilledServerAndOneThatWasStoppedDoesNot) {
  ServerProcess server({"live.pull_private=true"});
  Session source(server), copy(server, {{"title", "Copy"}});
  const auto url = "http://127.0.0.1:9/nothing.m3u8";  // discard: nobody answers
  const auto path = "/api/v1/live/" + copy.id + "/pull";
  ASSERT_EQ(copy.http
                .request("PUT", path, R"({"url":")" + std::string(url) + R"("})",
                         {{"Content-Type", "application/json"}})
                ->status,
            200);
  Session made(server, {{"title", "Made"}, {"pull", url}});

  server.kill();  // the moment that it was answered
  server.start();

  auto owner = server.client("alice");
  EXPECT_EQ(owner.get(path)->json().at("url").as_string(), url);
  EXPECT_EQ(owner.get("/api/v1/live/" + made.id + "/pull")->json().at("url").as_string(), url);
  ASSERT_EQ(owner.request("DELETE", path)->status, 204);
  EXPECT_EQ(owner.request("DELETE", path)->status, 404);

  server.kill();
  server.start();

  auto again = server.client("alice");
  EXPECT_EQ(again.get(path)->status, 404);
  EXPECT_EQ(again.get("/api/v1/live/" + made.id + "/pull")->status, 200);
}

TEST(PullE2E, OneThatIsOverIsNotBegunAgainByTheNextStart) {
  ServerProcess server({"live.pull_private=false"});
  // Private addresses are refused for good.
  Session copy(server, {{"title", "Copy"}, {"pull", "http://127.0.0.1:9/nothing.m3u8"}});
  const auto path = "/api/v1/live/" + copy.id + "/pull";
  ASSERT_TRUE(
      eventually([&] { return copy.http.get(path)->json().at("state").as_string() == "ended"; }));

  EXPECT_TRUE(eventually([&] {
    server.kill();
    server.start();
    return server.client("alice").get(path)->status == 404;
  })) << server.log();
}

TEST(PullE2E, ASessionThatCannotBePulledIsNotLeftBehind) {
  ServerProcess server({"live.pull_private=true", "live.max_publishers=1"});
  const boost::json::object wish{{"title", "Copy"}, {"pull", "http://127.0.0.1:9/nothing.m3u8"}};
  Session first(server, wish);

  const auto second = first.http.post("/api/v1/live", wish);

  EXPECT_EQ(second->status, 503) << second->body;
  EXPECT_EQ(first.http.get("/api/v1/live")->json().at("items").as_array().size(), 1U);
}

TEST(PullE2E, APullIsForgottenWithItsSession) {
  const ServerProcess server({"live.pull_private=false"});
  Session copy(server, {{"title", "Copy"}, {"pull", "srt://127.0.0.1:1"}});
  const auto shown = [&] { return copy.shown(); };
  ASSERT_TRUE(eventually([&] { return shown().at("pull").at("state").as_string() == "ended"; }));

  ASSERT_EQ(copy.http.request("DELETE", "/api/v1/live/" + copy.id)->status, 200);

  EXPECT_FALSE(shown().contains("pull"));
}

TEST(PullE2E, OneSessionIsPulledIntoAnother) {
  const ServerProcess server({"live.pull_private=true", "live.segment_ms=1000"});
  Session source(server);
  auto encoder = encode("flv", source.rtmp());
  ASSERT_TRUE(eventually([&] { return source.is_live(); }));
  const auto url = "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) + "/live/" +
                   source.id + "/index.m3u8";

  Session copy(server, {{"title", "Copy"}, {"pull", url}});

  ASSERT_TRUE(eventually([&] { return copy.is_live(); }))
      << copy.http.get("/api/v1/live/" + copy.id + "/pull")->body << server.log();
  Viewer viewer(server, copy.id);
  EXPECT_TRUE(viewer.watch_until([&] { return viewer.chunks > 40; }));
  EXPECT_EQ(copy.shown().at("pull").at("state").as_string(), "live");
  EXPECT_FALSE(copy.shown().at("pull").as_object().contains("url")) << "not for everybody";
  const auto path = "/api/v1/live/" + copy.id + "/pull";
  EXPECT_EQ(copy.http.get(path)->json().at("url").as_string(), url);
  auto bob = server.client("bob");
  EXPECT_EQ(bob.get(path)->status, 403);
  EXPECT_EQ(bob.request("DELETE", path)->status, 403);

  EXPECT_EQ(copy.http.request("DELETE", path)->status, 204);

  EXPECT_TRUE(eventually([&] { return !copy.is_live(); }));
  EXPECT_EQ(copy.http.get(path)->status, 404);
  EXPECT_EQ(copy.http
                .request("PUT", path, R"({"url":"file:///etc/passwd"})",
                         {{"Content-Type", "application/json"}})
                ->status,
            400);
}

TEST(PushE2E, ATransportStreamByHttpIsWatched) {
  const ServerProcess server;
  Session session(server);
  const auto url = "http://127.0.0.1:" + std::to_string(server.endpoint().http_port) +
                   session.text("ingest_path");
  auto encoder = encode("mpegts", url, {"-method", "PUT", "-content_type", "video/mp2t"});

  ASSERT_TRUE(eventually([&] { return session.is_live(); })) << server.log();
  Viewer viewer(server, session.id);
  EXPECT_TRUE(viewer.watch_until([&] { return viewer.chunks > 30; }));
  expect_one_timeline(viewer);
}

}  // namespace
}  // namespace troupe::test

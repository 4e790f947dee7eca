// Timed metadata over real sockets: to viewers over WebSocket, and in the playlists of HLS.
#include <cstdio>
#include <fstream>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "media/playlist/event_messages.hpp"
#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class LiveCuesE2E : public ::testing::Test {
 protected:
  LiveServer server;
  const MadeSession session = make_session(server.endpoint());
  const std::string cues = "/api/v1/live/" + session.id + "/cues";
  std::atomic<bool> stop{false};
  std::thread publisher;

  void TearDown() override {
    stop = true;
    if (publisher.joinable()) publisher.join();
  }
  void publish() {
    publisher = std::thread([this] {
      static const Clip clip = make_clip({});
      const auto door = std::move(*server.gateway().publish(session.id, session.key));
      replay(clip, *door, stop);
    });
  }
  sim::HttpClient client(const std::string& user) {
    const auto at = server.endpoint();
    return {"127.0.0.1", at.http_port, user.empty() ? "" : at.token(user, "")};
  }
  sim::WsClient join() {
    return std::move(*sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                             "/live/" + session.id + "/ws", std::string()));
  }
  /// The first message of that type within 10 s; null: none.
  static json::value next(sim::WsClient& viewer, const char* type) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < until) {
      const auto message = viewer.receive(500ms);
      if (!message.ok() || !message->text) continue;
      auto value = json::parse(message->bytes);
      if (value.at("type").as_string() == type) return value;
    }
    return nullptr;
  }
  /// Frames that ffprobe decodes without a complaint; -1: it had one.
  static int decoded_frames(const std::string& bytes) {
    const TempDir dir;
    const auto file = (dir.path() / "stream.mp4").string();
    std::ofstream(file, std::ios::binary) << bytes;
    const auto command =
        "ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 " + file +
        " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    char text[256] = {};
    const auto size = fread(text, 1, sizeof text - 1, pipe);
    pclose(pipe);
    int frames = -1;
    return size > 0 && std::sscanf(text, "%d", &frames) == 1 ? frames : -1;
  }
  /// As soon as somebody publishes.
  json::value post(sim::HttpClient& owner, const json::object& body) {
    json::value made;
    EXPECT_TRUE(eventually([&] {
      const auto reply = owner.post(cues, body);
      made = reply->json();
      return reply->status == 201;
    })) << json::serialize(made);
    return made;
  }
};

TEST_F(LiveCuesE2E, ACueReachesViewersBeforeItsPictureAndNewcomersToo) {
  publish();
  auto alice = client("alice");
  auto viewer = join();
  ASSERT_FALSE(next(viewer, "clock").is_null());

  const auto made = post(alice, {{"scheme", "urn:x"}, {"payload", R"({"goal":1})"}});

  const auto cue = next(viewer, "cue");
  ASSERT_FALSE(cue.is_null());
  EXPECT_EQ(cue.at("media_us"), made.at("media_us"));
  EXPECT_EQ(cue.at("payload").as_string(), R"({"goal":1})");
  const auto clock = next(viewer, "clock");
  EXPECT_EQ(clock.at("epoch"), cue.at("epoch"));
  EXPECT_NEAR(clock.at("media_us").to_number<double>(), cue.at("media_us").to_number<double>(),
              1.5e6)
      << "told within a second";
  auto late = join();
  EXPECT_EQ(next(late, "cue").at("number"), made.at("number"));
}

TEST_F(LiveCuesE2E, OnlyModeratorsSendAndOnlyWhileThereIsAPicture) {
  const json::object body{{"scheme", "urn:x"}, {"payload", "p"}};
  auto alice = client("alice"), bob = client("bob"), nobody = client("");
  EXPECT_EQ(alice.post(cues, body)->status, 409);
  publish();
  post(alice, body);

  EXPECT_EQ(bob.post(cues, body)->status, 403);
  EXPECT_EQ(nobody.post(cues, body)->status, 401);
  EXPECT_EQ(alice.post(cues, json::object{{"scheme", "urn:x"}})->status, 400);
  EXPECT_EQ(alice.post(cues, json::object{{"scheme", ""}, {"payload", "p"}})->status, 400);
  EXPECT_EQ(alice.post(cues, json::object{{"scheme", "urn:x"}, {"payload", "p"}, {"at_ms", 1'000}})
                ->status,
            400);
  EXPECT_EQ(
      alice.post(cues, json::object{{"scheme", "urn:x"}, {"payload", std::string(8'193, 'p')}})
          ->status,
      413);
}

TEST_F(LiveCuesE2E, PlaylistsCarryItAsADateRange) {
  publish();
  auto alice = client("alice");

  const auto made = post(alice, {{"scheme", "urn:x"}, {"payload", "goal"}});

  const auto viewer = make_id_string();
  const auto wanted = "#EXT-X-DATERANGE:ID=\"cue-" +
                      std::to_string(made.at("number").to_number<std::uint64_t>()) +
                      "\",CLASS=\"urn:x\",START-DATE=\"20";
  for (const auto* rendition : {"video", "audio"}) {
    std::string text;
    EXPECT_TRUE(eventually([&] {
      text =
          alice.get("/live/" + session.id + "/v/" + viewer + "/" + rendition + "/index.m3u8")->body;
      return text.find(wanted) != std::string::npos;
    })) << text;
    EXPECT_NE(text.find("DURATION=0.0,X-PAYLOAD=0x676F616C\n"), std::string::npos) << text;
  }
}

TEST_F(LiveCuesE2E, SegmentsAndPartsCarryItAsTheSameBytesForAllWhoAskAndDecode) {
  publish();
  auto alice = client("alice"), bob = client("bob");
  const auto live = "/live/" + session.id;
  const auto made = post(alice, {{"scheme", "urn:x"}, {"payload", "goal of the month"}});
  const std::string init =
      "/video/init-" + std::to_string(made.at("epoch").to_number<std::uint64_t>()) + ".mp4";
  const auto whole = [](const sim::HttpReply& reply) {
    return reply.status == 200 && reply.body.find("goal of the month") != std::string::npos;
  };
  std::string mpd;
  ASSERT_TRUE(eventually([&] {
    mpd = alice.get(live + "/v/" + make_id_string() + "/low-latency.mpd")->body;
    return mpd.find("<Period") != std::string::npos;
  }));
  EXPECT_NE(mpd.find("<InbandEventStream schemeIdUri=\"urn:x\"/>"), std::string::npos) << mpd;
  EXPECT_NE(mpd.find("<InbandEventStream schemeIdUri=\"https://aomedia.org/emsg/ID3\"/>"),
            std::string::npos);

  // One more, into the segment that goes out while it is made.
  const auto list = alice.get(live + "/v/" + make_id_string() + "/video/index.m3u8")->body;
  const auto last = list.find('-', list.find("/part-", list.rfind("#EXT-X-PART:")) + 6) + 1;
  const auto number = list.substr(last, list.find('.', last) - last);
  const auto segment = live + "/video/segment-" + std::to_string(std::stoull(number) + 1) + ".m4s";
  std::string streamed;
  std::thread reader([&] { streamed = bob.get(segment)->body; });
  // It begins within two seconds and lasts as long.
  const auto now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  for (int i = 1; i <= 8; ++i)
    post(alice, {{"scheme", std::string(media::kId3Scheme)},
                 {"payload", "goal of the month"},
                 {"at_ms", now_ms + 500 * i}});
  reader.join();

  const auto again = alice.get(segment);
  ASSERT_TRUE(whole(*again));
  EXPECT_EQ(streamed, again->body) << "as it was made, and whole";
  EXPECT_EQ(bob.get(segment)->body, again->body);
  std::string parts;
  for (int part = 0;; ++part) {
    auto name = segment.substr(0, segment.size() - 4) + "." + std::to_string(part) + ".m4s";
    name.replace(name.find("/segment-"), 9, "/part-");
    const auto reply = alice.get(name);
    if (reply->status != 200 || parts.size() == again->body.size()) break;
    parts += reply->body;
  }
  EXPECT_EQ(parts, again->body);
  EXPECT_NE(again->body.find("TXXX"), std::string::npos);
  EXPECT_EQ(decoded_frames(alice.get(live + init)->body + again->body), 60);
}

TEST_F(LiveCuesE2E, APlayerOfHlsOrDashIsAViewOfItsAccountToo) {
  publish();
  auto alice = client("alice"), bob = client("bob"), nobody = client("");
  const auto live = "/live/" + session.id;
  ASSERT_EQ(alice.request("PATCH", "/api/v1" + live, R"({"views_per_account":1})")->status, 200);
  const auto hls = live + "/v/" + make_id_string() + "/video/index.m3u8";
  ASSERT_TRUE(eventually([&] { return bob.get(hls)->status == 200; }));

  EXPECT_EQ(bob.get(hls)->status, 200) << "the same player";
  const auto refused = bob.get(live + "/v/" + make_id_string() + "/video/index.m3u8");
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(refused->json().at("code").as_string(), "forbidden");
  EXPECT_TRUE(eventually([&] { return bob.get(live + "/index.m3u8")->status == 403; }))
      << "once there is something to play";
  EXPECT_EQ(bob.get(live + "/v/" + make_id_string() + "/manifest.mpd")->status, 403);
  EXPECT_EQ(alice.get(live + "/v/" + make_id_string() + "/video/index.m3u8")->status, 200);
  EXPECT_EQ(nobody.get(live + "/v/" + make_id_string() + "/video/index.m3u8")->status, 200);
}

}  // namespace
}  // namespace troupe::test

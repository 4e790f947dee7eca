// Renditions and thumbnails over real sockets, made of a clip that is published in real time.
#include <cstdio>
#include <fstream>
#include <thread>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/fragment.hpp"
#include "sim/http_client.hpp"
#include "sim/ws_client.hpp"
#include "tests/support/captioned_clip.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/packaged_media.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
namespace json = boost::json;

constexpr std::uint32_t kSource = 1, kSound = 2, kSmall = 3;
constexpr std::uint64_t kFrameTicks = 3'000;  // 30 pictures a second at 90 kHz

const Clip& clip() {
  static const Clip made = make_clip({});
  return made;
}

class LadderE2E : public testing::Test {
 protected:
  LadderE2E()
      : server_(1, {},
                {.rungs = *media::parse_ladder("90p:100k"),
                 .workers = 1,
                 .max_lag = 20s,
                 .thumbnail_every = 1s}),
        session_(make_session(server_.endpoint())),
        publisher_(std::move(*server_.gateway().publish(session_.id, session_.key))),
        thread_([this] { replay(clip(), *publisher_, stop_); }) {}
  ~LadderE2E() override {
    stop_ = true;
    thread_.join();
    publisher_.reset();
  }

  sim::HttpClient client() { return {"127.0.0.1", server_.endpoint().http_port}; }
  [[nodiscard]] std::string root() const { return "/live/" + session_.id + "/"; }
  [[nodiscard]] std::string api() const { return "/api/v1/live/" + session_.id; }

  /// Asks until the answer is a 200; fails after 15 s.
  std::string get(sim::HttpClient& http, const std::string& target) {
    std::string body;
    EXPECT_TRUE(eventually(
        [&] {
          auto reply = http.get(target);
          if (!reply.ok() || reply->status != 200) return false;
          body = std::move(reply->body);
          return true;
        },
        15))
        << target;
    return body;
  }
  sim::WsClient join(const std::string& query = {}) {
    return std::move(
        *sim::WsClient::connect("127.0.0.1", server_.endpoint().http_port, root() + "ws" + query));
  }
  /// The messages of `viewer` until `last(message)`, for at most 15 s.
  template <class F>
  std::vector<sim::WsMessage> read_until(sim::WsClient& viewer, F last) {
    std::vector<sim::WsMessage> all;
    const auto until = std::chrono::steady_clock::now() + 15s;
    while (std::chrono::steady_clock::now() < until) {
      auto message = viewer.receive(500ms);
      if (!message.ok() && message.code() != ErrorCode::timeout) break;
      if (!message.ok()) continue;
      all.push_back(std::move(*message));
      if (last(all.back())) return all;
    }
    ADD_FAILURE() << "not within 15 s";
    return all;
  }

  LiveServer server_;
  MadeSession session_;
  std::unique_ptr<api::LivePublisher> publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

std::uint32_t track_of(const sim::WsMessage& message) {
  if (message.text) return 0;
  const auto fragment = sim::parse_fragment(message.bytes);
  return fragment.ok() && !fragment->init ? fragment->track : 0;
}

/// Decode times of the pictures, whichever rendition they are of.
std::vector<std::uint64_t> picture_times(const std::vector<sim::WsMessage>& messages) {
  std::vector<std::uint64_t> out;
  for (const auto& message : messages)
    if (const auto track = track_of(message); track != 0 && track != kSound)
      out.push_back(sim::parse_fragment(message.bytes)->decode_time);
  return out;
}

/// What ffprobe says of `bytes`: "width,height,frames"; complaints too.
std::string probe(const std::string& bytes) {
  TempDir dir;
  const auto file = dir.path() / "stream.mp4";
  std::ofstream(file, std::ios::binary) << bytes;
  const auto command =
      "ffprobe -v error -count_frames -show_entries stream=width,height,nb_read_frames -of "
      "csv=p=0 " +
      file.string() + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  char text[512] = {};
  const auto size = fread(text, 1, sizeof text - 1, pipe);
  pclose(pipe);
  return {text, size};
}

TEST_F(LadderE2E, PlaylistsNameTheRenditionAndItsSegmentsDecodeAndAlignWithTheSource) {
  auto http = client();
  const auto main = get(http, root() + "index.m3u8");
  EXPECT_THAT(main, HasSubstr("RESOLUTION=320x180"));
  EXPECT_THAT(main, HasSubstr("RESOLUTION=160x90"));
  EXPECT_THAT(check_multivariant(main), IsEmpty());
  const auto at = main.find("\nv/") + 1;
  const auto viewer = main.substr(at, main.find('/', at + 2) - at);

  const auto whole = [&](const std::string& rendition) {
    ReadPlaylist list;
    EXPECT_TRUE(eventually(
        [&] {
          list = read_playlist(get(http, root() + viewer + "/" + rendition + "/index.m3u8"));
          return list.segments.size() > 2;
        },
        15));
    EXPECT_THAT(list.objections, IsEmpty());
    return list;
  };
  const auto source = whole("video"), small = whole("90p");

  ASSERT_EQ(small.media_sequence, source.media_sequence);
  EXPECT_EQ(small.segments[0].date_time, source.segments[0].date_time);
  EXPECT_NEAR(small.segments[0].duration, source.segments[0].duration, 1e-3);
  const auto file = [&](const std::string& uri) { return get(http, root() + uri.substr(9)); };
  EXPECT_THAT(probe(file(small.segments[0].map) + file(small.segments[0].uri)),
              HasSubstr("160,90,60"));
  const auto manifest = get(http, root() + viewer + "/manifest.mpd");
  EXPECT_THAT(manifest, HasSubstr("<Representation id=\"video\""));
  EXPECT_THAT(manifest, HasSubstr("<Representation id=\"90p\""));
}

TEST_F(LadderE2E, AViewerOverWebSocketGoesToTheRenditionAndBackWithoutAHole) {
  auto http = client();
  get(http, root() + "index.m3u8");  // the rendition is on
  auto viewer = join();
  auto seen = read_until(viewer, [](const auto& m) { return track_of(m) == kSource; });
  const auto add = [&](std::vector<sim::WsMessage> more) {
    std::ranges::move(more, std::back_inserter(seen));
  };

  ASSERT_TRUE(viewer.send_text(R"({"type":"rendition","name":"90p"})").ok());
  add(read_until(viewer, [](const auto& m) { return track_of(m) == kSmall; }));
  ASSERT_TRUE(viewer.send_text(R"({"type":"rendition","name":""})").ok());
  add(read_until(viewer, [](const auto& m) { return track_of(m) == kSource; }));

  const auto times = picture_times(seen);
  for (std::size_t i = 1; i < times.size(); ++i)
    EXPECT_NEAR(static_cast<double>(times[i] - times[i - 1]), kFrameTicks, 2) << "picture " << i;
  EXPECT_EQ(std::ranges::count_if(seen,
                                  [](const auto& m) {
                                    return m.text && m.bytes.find("\"type\":\"rendition\"") !=
                                                         std::string::npos;
                                  }),
            2);
}

TEST_F(LadderE2E, AViewerMayBeginWithTheRendition) {
  auto http = client();
  get(http, root() + "index.m3u8");
  // Its first group of pictures may not be there yet: then the viewer begins as published.
  ASSERT_TRUE(eventually(
      [&] {
        auto viewer = join("?rendition=90p");
        const auto seen = read_until(
            viewer, [](const auto& m) { return track_of(m) == kSource || track_of(m) == kSmall; });
        return track_of(seen.back()) == kSmall;
      },
      15));
}

TEST_F(LadderE2E, TheSessionSaysWhatIsMadeAndShowsThumbnails) {
  auto http = client();
  json::object rendition;
  ASSERT_TRUE(eventually(
      [&] {
        const auto session = json::parse(get(http, api())).as_object();
        if (!session.contains("renditions")) return false;
        rendition = session.at("renditions").at(0).as_object();
        return rendition.at("state").as_string() == "on";
      },
      15));
  EXPECT_EQ(rendition.at("name").as_string(), "90p");
  EXPECT_EQ(rendition.at("width").as_int64(), 160);

  const auto latest = get(http, api() + "/thumbnails/latest.jpg");
  EXPECT_EQ(latest.substr(0, 2), "\xFF\xD8");
  const auto times = json::parse(get(http, api() + "/thumbnails")).at("items").as_array();
  ASSERT_FALSE(times.empty());
  const auto first = std::to_string(times.front().at("t_ms").as_int64());
  EXPECT_EQ(get(http, api() + "/thumbnails?t=" + first).substr(0, 2), "\xFF\xD8");
  EXPECT_EQ(http.get(api() + "/thumbnails?t=yesterday")->status, 400);
}

TEST_F(LadderE2E, ASegmentUnderWayGoesOutAsItIsMade) {
  auto http = client();
  const auto main = get(http, root() + "index.m3u8");
  const auto at = main.find("\nv/") + 1;
  const auto viewer = main.substr(at, main.find('/', at + 2) - at);
  const auto list = read_playlist(get(http, root() + viewer + "/90p/index.m3u8"));
  const auto init = get(http, root() + list.segments.at(0).map.substr(9));
  // The one that begins next: asked for before it does.
  const auto number = list.media_sequence + list.segments.size();
  const auto target = root() + "90p/segment-" + std::to_string(number) + ".m4s";

  const auto streamed = http.get(target);

  ASSERT_TRUE(streamed.ok()) << streamed.error().detail;
  ASSERT_EQ(streamed->status, 200);
  EXPECT_EQ(streamed->headers.at("transfer-encoding"), "chunked");
  const auto whole = http.get(target);
  ASSERT_TRUE(whole.ok());
  EXPECT_FALSE(whole->headers.contains("transfer-encoding"));
  EXPECT_EQ(streamed->body, whole->body);
  EXPECT_THAT(probe(init + streamed->body), HasSubstr("160,90,60"));
}

/// Opus is published, AAC made of it.
class SoundLadderE2E : public testing::Test {
 protected:
  SoundLadderE2E()
      : server_(1, {}, {.sound_kbit_per_s = 64, .workers = 1}),
        session_(make_session(server_.endpoint())),
        publisher_(std::move(*server_.gateway().publish(session_.id, session_.key))),
        thread_([this] { replay(clip_, *publisher_, stop_); }) {}
  ~SoundLadderE2E() override {
    stop_ = true;
    thread_.join();
    publisher_.reset();
  }

  const Clip clip_ = make_clip({.opus = true});
  LiveServer server_;
  MadeSession session_;
  std::unique_ptr<api::LivePublisher> publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(SoundLadderE2E, OpusIsOfferedAsAacTooWhichDecodesWithoutAHole) {
  sim::HttpClient http("127.0.0.1", server_.endpoint().http_port);
  const auto root = "/live/" + session_.id + "/";
  std::string main;
  ASSERT_TRUE(eventually([&] {
    const auto reply = http.get(root + "index.m3u8");
    main = reply.ok() && reply->status == 200 ? reply->body : "";
    return main.find("audio-64k") != std::string::npos;
  })) << main;
  EXPECT_THAT(check_multivariant(main), IsEmpty());
  EXPECT_THAT(main, HasSubstr(",opus\",RESOLUTION=320x180,AUDIO=\"audio\""));
  EXPECT_THAT(main, HasSubstr(",mp4a.40.2\",RESOLUTION=320x180,AUDIO=\"audio-64k\""));
  const auto at = main.find("\nv/") + 1;
  const auto viewer = main.substr(at, main.find('/', at + 2) - at);
  const auto playlist = root + viewer + "/audio-64k/index.m3u8";

  ReadPlaylist list;
  ASSERT_TRUE(eventually([&] {
    list = read_playlist(http.get(playlist)->body);
    return list.segments.size() > 3 && !list.segments[2].uri.empty();
  }));

  EXPECT_THAT(list.objections, IsEmpty());
  auto file = http.get(root + list.segments.front().map.substr(9))->body;
  for (const auto& segment : list.segments)
    if (!segment.uri.empty()) file += http.get(root + segment.uri.substr(9))->body;
  const TempDir dir;
  std::ofstream(dir / "sound.mp4", std::ios::binary) << file;
  const auto packets = test::run_tool({"ffprobe", "-v", "error", "-show_entries", "packet=pts",
                                       "-of", "csv=p=0", dir / "sound.mp4"})
                           .out;
  std::istringstream lines(packets);
  std::vector<std::int64_t> times;
  for (std::int64_t pts = 0; lines >> pts; lines.ignore(8, '\n')) times.push_back(pts);
  ASSERT_GT(times.size(), 250U);
  for (std::size_t i = 1; i < times.size(); ++i) ASSERT_EQ(times[i] - times[i - 1], 1'024) << i;
  EXPECT_EQ(test::run_tool(
                {"ffmpeg", "-v", "error", "-xerror", "-i", dir / "sound.mp4", "-f", "null", "-"})
                .err,
            "");
  const auto session = http.get("/api/v1/live/" + session_.id)->json();
  EXPECT_EQ(session.at("sound_rendition").at("state").as_string(), "on");
  EXPECT_EQ(session.at("sound_rendition").at("kbit_per_s").as_int64(), 64);
}

TEST_F(SoundLadderE2E, ViewersOverWebSocketAreToldOfNoRenditionOfThePicture) {
  sim::HttpClient http("127.0.0.1", server_.endpoint().http_port);
  ASSERT_TRUE(eventually([&] {
    const auto reply = http.get("/api/v1/live/" + session_.id)->json();
    const auto* sound = reply.as_object().if_contains("sound_rendition");
    return sound != nullptr && sound->at("state").as_string() == "on";
  }));
  auto viewer = std::move(*sim::WsClient::connect("127.0.0.1", server_.endpoint().http_port,
                                                  "/live/" + session_.id + "/ws"));
  std::size_t chunks = 0;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (chunks < 60 && std::chrono::steady_clock::now() < until) {
    const auto message = viewer.receive(500ms);
    if (!message.ok()) continue;
    if (message->text) {
      EXPECT_EQ(message->bytes.find("audio-64k"), std::string::npos) << message->bytes;
      continue;
    }
    const auto fragment = sim::parse_fragment(message->bytes);
    if (!fragment.ok()) continue;  // an init segment
    EXPECT_LE(fragment->track, kSound);
    ++chunks;
  }
  EXPECT_GE(chunks, 60U);
}

class CaptionsE2E : public testing::Test {
 protected:
  CaptionsE2E()
      : session_(make_session(server_.endpoint())),
        publisher_(std::move(*server_.gateway().publish(session_.id, session_.key))),
        thread_([this] { replay(clip_, *publisher_, stop_); }) {}
  ~CaptionsE2E() override {
    stop_ = true;
    thread_.join();
    publisher_.reset();
  }

  const Clip clip_ = make_captioned_clip();
  LiveServer server_;
  MadeSession session_;
  std::unique_ptr<api::LivePublisher> publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(CaptionsE2E, CaptionsOfThePictureComeAsWebVttAndOverWebSocket) {
  sim::HttpClient http("127.0.0.1", server_.endpoint().http_port);
  const auto root = "/live/" + session_.id + "/";
  auto viewer =
      std::move(*sim::WsClient::connect("127.0.0.1", server_.endpoint().http_port, root + "ws"));
  bool told = false;
  ASSERT_TRUE(eventually(
      [&] {
        const auto message = viewer.receive(500ms);
        told = message.ok() && message->text &&
               message->bytes.find("\"type\":\"caption\"") != std::string::npos &&
               message->bytes.find("HELLO WORLD") != std::string::npos;
        return told;
      },
      15));

  auto main = http.get(root + "index.m3u8");  // there once there is a whole segment
  ASSERT_TRUE(eventually(
      [&] {
        if (!main.ok() || main->status != 200) main = http.get(root + "index.m3u8");
        return main.ok() && main->status == 200;
      },
      15));
  EXPECT_THAT(main->body, HasSubstr("TYPE=SUBTITLES"));
  EXPECT_THAT(check_multivariant(main->body), IsEmpty());
  const auto at = main->body.find("URI=\"v/") + 5;
  const auto playlist = root + main->body.substr(at, main->body.find('"', at) - at);
  ReadPlaylist list;
  std::string all;
  ASSERT_TRUE(eventually(
      [&] {
        list = read_playlist(http.get(playlist)->body);
        return list.segments.size() > 3;
      },
      15));
  EXPECT_THAT(list.objections, IsEmpty());
  for (const auto& segment : list.segments) {
    if (segment.uri.empty()) continue;
    const auto file = http.get(root + segment.uri.substr(9));
    EXPECT_EQ(file->status, 200) << segment.uri;
    EXPECT_EQ(file->headers.at("content-type"), "text/vtt");
    all += file->body;
  }
  for (const auto& part : list.segments.back().parts)
    EXPECT_EQ(http.get(root + part.uri.substr(9))->body.substr(0, 6), "WEBVTT");
  EXPECT_THAT(all, HasSubstr("HELLO WORLD"));
}

TEST_F(CaptionsE2E, ServicesOfCea708AndTheSecondFieldAreTracksOfTheirOwn) {
  sim::HttpClient http("127.0.0.1", server_.endpoint().http_port);
  const auto root = "/live/" + session_.id + "/";
  for (const auto& [folder, name, text] :
       {std::tuple{"captions-s1", "Captions, service 1", "GUTEN TAG\nWELT"},
        std::tuple{"captions-cc3", "Captions CC3", "BONJOUR LE MONDE"}}) {
    std::string main;
    ASSERT_TRUE(eventually(
        [&] {
          const auto reply = http.get(root + "index.m3u8");
          main = reply.ok() && reply->status == 200 ? reply->body : "";
          return main.find(folder) != std::string::npos;
        },
        20))
        << main;
    EXPECT_THAT(check_multivariant(main), IsEmpty());
    EXPECT_THAT(main, HasSubstr(std::string("NAME=\"") + name + "\""));
    const auto at = main.find("\nv/") + 1;
    const auto viewer = main.substr(at, main.find('/', at + 2) - at);
    std::string all;
    EXPECT_TRUE(eventually(
        [&] {
          const auto list =
              read_playlist(http.get(root + viewer + "/" + folder + "/index.m3u8")->body);
          for (const auto& segment : list.segments)
            if (!segment.uri.empty()) all += http.get(root + segment.uri.substr(9))->body;
          return list.objections.empty() && all.find(text) != std::string::npos;
        },
        20))
        << all;
    EXPECT_EQ(all.find("HELLO"), std::string::npos);
  }
}

}  // namespace
}  // namespace troupe::test

// LL-HLS, HLS and DASH over real sockets; ffprobe decodes what a player would have loaded.
#include <cstdio>
#include <fstream>
#include <thread>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/http_client.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/support/live_server.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const Clip& clip() {
  static const Clip made = make_clip({});
  return made;
}

/// A server with one session on air.
class PlaylistE2E : public testing::Test {
 protected:
  PlaylistE2E() : session_(make_session(server_.endpoint())) { publish(); }
  ~PlaylistE2E() override { unpublish(); }

  void publish() {
    stop_ = false;
    publisher_ = std::move(*server_.gateway().publish(session_.id, session_.key));
    thread_ = std::thread([this] { replay(clip(), *publisher_, stop_); });
  }
  void unpublish() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    publisher_.reset();
  }

  sim::HttpClient client() { return {"127.0.0.1", server_.endpoint().http_port}; }
  [[nodiscard]] std::string root() const { return "/live/" + session_.id + "/"; }

  /// Asks until the answer is a 200, as a player does; fails after ten seconds.
  std::string get(sim::HttpClient& http, const std::string& target) {
    std::string body;
    const bool came = eventually(
        [&] {
          auto reply = http.get(target);
          if (!reply.ok() || reply->status != 200) return false;
          body = std::move(reply->body);
          return true;
        },
        10);
    EXPECT_TRUE(came) << "no 200 for " << target;
    return body;
  }

  /// The first answer other than 503, "not yet"; fails after ten seconds.
  sim::HttpReply once_on_air(sim::HttpClient& http, const std::string& target) {
    sim::HttpReply out;
    const bool came = eventually(
        [&] {
          auto reply = http.get(target);
          if (!reply.ok() || reply->status == 503) return false;
          out = std::move(*reply);
          return true;
        },
        10);
    EXPECT_TRUE(came) << "never on air: " << target;
    return out;
  }

  /// The address of the picture's playlist for a new viewer.
  std::string enter(sim::HttpClient& http) {
    const auto text = get(http, root() + "index.m3u8");
    const auto line = text.find("\nv/");
    return line == std::string::npos
               ? std::string()
               : root() + text.substr(line + 1, text.find('\n', line + 1) - line - 1);
  }

  /// "../../../video/x" from a media playlist, as an address on the server.
  [[nodiscard]] std::string resolve(const std::string& uri) const { return root() + uri.substr(9); }

  LiveServer server_;
  MadeSession session_;
  std::unique_ptr<api::LivePublisher> publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Frames that ffprobe decodes out of `bytes`; -1 when it complains.
int decoded_frames(const std::string& bytes) {
  TempDir dir;
  const auto file = dir.path() / "stream.mp4";
  std::ofstream(file, std::ios::binary) << bytes;
  const auto command =
      "ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 " +
      file.string() + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  char text[256] = {};
  const auto size = fread(text, 1, sizeof text - 1, pipe);
  pclose(pipe);
  int frames = -1;
  return size > 0 && std::sscanf(text, "%d", &frames) == 1 ? frames : -1;
}

TEST_F(PlaylistE2E,
       parts_asked_for_before_they_exist_come_as_they_are_made_and_decode_without_a_gap) {
  auto http = client();
  const auto playlist = enter(http);
  auto list = read_playlist(get(http, playlist));
  ASSERT_FALSE(list.segments.empty());
  std::string stream = get(http, resolve(list.segments.front().map));
  // From the beginning of a segment on: one second of parts, each asked for before it is there.
  auto number = list.media_sequence + list.segments.size() + 1;
  get(http, playlist + "?_HLS_msn=" + std::to_string(number - 1));
  double seconds = 0;
  std::size_t part = 0;
  while (seconds < 0.95) {
    list = read_playlist(get(http, playlist + "?_HLS_msn=" + std::to_string(number) +
                                       "&_HLS_part=" + std::to_string(part)));
    ASSERT_THAT(list.objections, IsEmpty());
    const auto& segment = list.segments.at(number - list.media_sequence);
    ASSERT_LT(part, segment.parts.size()) << "answered before the part was there";
    stream += get(http, resolve(segment.parts[part].uri));
    seconds += segment.parts[part].duration;
    ++part;
  }

  EXPECT_NEAR(decoded_frames(stream), seconds * 30, 1.5);
}

TEST_F(PlaylistE2E, the_hinted_part_is_held_until_it_is_there) {
  auto http = client();
  const auto list = read_playlist(get(http, enter(http)));

  const auto reply = http.get(resolve(list.hint));

  ASSERT_TRUE(reply.ok());
  // The hint of a segment's end may be for a part that never comes: the key frame began another
  // segment.
  EXPECT_TRUE(reply->status == 200 || reply->status == 404) << reply->status;
}

TEST_F(PlaylistE2E, whole_segments_of_the_dash_manifest_decode) {
  auto http = client();
  const auto moved = once_on_air(http, root() + "manifest.mpd");
  ASSERT_EQ(moved.status, 302);
  const auto mpd = get(http, root() + moved.headers.at("location"));
  const auto first = mpd.find("startNumber=\"") + 13;
  const auto number = mpd.substr(first, mpd.find('"', first) - first);
  const auto init = mpd.find("initialization=\"") + 16;

  const auto stream = get(http, root() + mpd.substr(init, mpd.find('"', init) - init)) +
                      get(http, root() + "video/segment-" + number + ".m4s");

  EXPECT_NEAR(decoded_frames(stream), 60, 3) << "two seconds at 30 frames a second";
  EXPECT_THAT(mpd, HasSubstr("<BaseURL>../../</BaseURL>"));
}

TEST_F(PlaylistE2E, viewers_are_counted_by_the_id_in_their_address) {
  auto http = client();
  const auto one = enter(http), other = enter(http);
  EXPECT_NE(one, other);
  for (int i = 0; i < 3; ++i) get(http, one);

  const auto shown = http.get("/api/v1/live/" + session_.id);

  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->json().at("viewers").as_int64(), 2);
}

TEST_F(PlaylistE2E,
       a_publisher_that_comes_back_goes_on_in_the_same_playlist_after_a_discontinuity) {
  auto http = client();
  const auto playlist = enter(http);
  const auto before = read_playlist(get(http, playlist));

  unpublish();
  publish();
  const auto until = std::chrono::steady_clock::now() + 10s;
  auto after = before;
  const auto is_cut = [](const ReadSegment& s) { return s.discontinuity && !s.parts.empty(); };
  while (!std::ranges::any_of(after.segments, is_cut) && std::chrono::steady_clock::now() < until)
    after = read_playlist(get(http, playlist));

  EXPECT_THAT(after.objections, IsEmpty());
  EXPECT_THAT(compare_playlists(before, after), IsEmpty());
  const auto cut = std::ranges::find_if(after.segments, is_cut);
  ASSERT_NE(cut, after.segments.end());
  EXPECT_NE(cut->map, after.segments.front().map)
      << "another publication has an init segment of its own";
}

TEST_F(PlaylistE2E, what_is_not_there_or_makes_no_sense_is_refused_with_a_reason) {
  auto http = client();
  const auto playlist = enter(http);
  const auto status = [&](const std::string& target) {
    const auto reply = http.get(target);
    return reply.ok() ? reply->status : 0;
  };
  EXPECT_EQ(status(playlist + "?_HLS_part=1"), 400);
  EXPECT_EQ(status(playlist + "?_HLS_msn=99999999999"), 400);
  EXPECT_EQ(status(playlist + "?_HLS_skip=perhaps"), 400);
  EXPECT_EQ(status(root() + "video/segment-1.m4s"), 404);
  EXPECT_EQ(status(root() + "video/anything"), 404);
  EXPECT_EQ(status(root() + "subtitles/segment-1.m4s"), 404);
  EXPECT_EQ(status("/live/" + std::string(26, '0') + "/index.m3u8"), 404);
  EXPECT_EQ(status("/live/" + make_session(server_.endpoint()).id + "/index.m3u8"), 503)
      << "nobody publishes yet";
}

TEST_F(PlaylistE2E, media_are_cacheable_and_known_ones_are_not_sent_again) {
  auto http = client();
  const auto list = read_playlist(get(http, enter(http)));
  const auto init = http.get(resolve(list.segments.front().map));
  ASSERT_TRUE(init.ok());
  ASSERT_EQ(init->status, 200);
  const auto name = list.segments.front().map;
  const auto etag = "\"" + name.substr(name.rfind('/') + 1) + "\"";

  const auto again =
      http.request("GET", resolve(list.segments.front().map), {}, {{"If-None-Match", etag}});

  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->status, 304);
}

}  // namespace
}  // namespace troupe::test

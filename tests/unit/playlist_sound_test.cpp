// Playlists and manifests of a window whose sound has a rendition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/playlist/dash.hpp"
#include "media/playlist/hls.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/support/publication.hpp"

namespace troupe {
namespace {

using namespace troupe::media;
using namespace troupe::test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint32_t kSmallPicture = 3, kSmallSound = 11;

Track small_sound() {
  Track track;
  track.id = kSmallSound;
  track.kind = TrackKind::audio;
  track.name = "audio-64k";
  track.codecs = "mp4a.40.2";
  track.channels = 2;
  track.sample_rate = 48'000;
  track.init = std::make_shared<const std::string>("small sound init");
  return track;
}
Track small_picture() {
  Track track;
  track.id = kSmallPicture;
  track.name = "360p";
  track.codecs = "avc1.640015";
  track.width = 640;
  track.height = 360;
  track.init = std::make_shared<const std::string>("small init");
  return track;
}
std::vector<Track> with_opus() {
  auto all = tracks();
  all[1].codecs = "opus";
  return all;
}

/// Everything that is published is also made, 300 ms later.
void feed_all(SegmentWindow& window, std::int64_t until_us, bool picture = true) {
  Publication publication(33'333, 3, 30);
  std::deque<Chunk> late;
  for (auto chunk = publication.next(); chunk.start_us < until_us; chunk = publication.next()) {
    if (chunk.track == 1 && !picture) continue;
    window.push(chunk);
    late.push_back(chunk);
    late.back().track = chunk.track == 1 ? kSmallPicture : kSmallSound;
    while (late.front().start_us + 300'000 <= chunk.start_us) {
      window.push(late.front());
      late.pop_front();
    }
  }
}

TEST(SoundRenditionTest, has_the_segments_of_the_picture_and_keeps_the_rules) {
  SegmentWindow window({});
  window.begin(1, tracks());
  window.set_made(1, {small_sound()});
  feed_all(window, 9'000'000);

  const auto& sound = *window.find("audio-64k");
  const auto& picture = *window.find(TrackKind::video);
  ASSERT_GE(sound.segments.size(), 3U);
  for (const auto& segment : sound.segments) {
    ASSERT_NE(picture.find(segment.number), nullptr);
    EXPECT_NEAR(static_cast<double>(picture.find(segment.number)->start_us),
                static_cast<double>(segment.start_us), 110'000);
  }
  EXPECT_THAT(read_playlist(media_playlist(window, sound, false, "")).objections, IsEmpty());
}

TEST(SoundRenditionTest, without_a_picture_has_the_segments_of_the_published_sound) {
  SegmentWindow window({});
  window.begin(1, {tracks()[1]});
  window.set_made(1, {small_sound()});
  feed_all(window, 9'000'000, false);

  const auto& published = *window.find(TrackKind::audio);
  const auto& sound = *window.find("audio-64k");
  ASSERT_GE(sound.segments.size(), 3U);
  EXPECT_EQ(sound.segments.front().number, published.segments.front().number);
  for (const auto& segment : sound.segments)
    EXPECT_EQ(segment.start_us, published.find(segment.number)->start_us);
  const auto main = multivariant_playlist(window, "");
  EXPECT_THAT(check_multivariant(main), IsEmpty());
  EXPECT_THAT(main, HasSubstr("CODECS=\"mp4a.40.2\"\naudio/index.m3u8"));
  EXPECT_THAT(main, HasSubstr("CODECS=\"mp4a.40.2\"\naudio-64k/index.m3u8"));
}

TEST(SoundRenditionTest, of_what_not_all_can_play_is_offered_with_each_picture) {
  SegmentWindow window({});
  window.begin(1, with_opus());
  window.set_made(1, {small_picture(), small_sound()});
  feed_all(window, 7'000'000);

  const auto main = multivariant_playlist(window, "v/");
  EXPECT_THAT(check_multivariant(main), IsEmpty());
  for (const auto* sound :
       {"CODECS=\"avc1.64001f,opus\",RESOLUTION=1280x720,AUDIO=\"audio\"",
        "CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,"
        "AUDIO=\"audio-64k\"",
        "CODECS=\"avc1.640015,opus\",RESOLUTION=640x360,AUDIO=\"audio\"",
        "CODECS=\"avc1.640015,mp4a.40.2\",RESOLUTION=640x360,"
        "AUDIO=\"audio-64k\"",
        "GROUP-ID=\"audio-64k\",NAME=\"Main\"", "CODECS=\"mp4a.40.2\"\nv/audio-64k/index.m3u8",
        "CODECS=\"opus\"\nv/audio/index.m3u8"})
    EXPECT_THAT(main, HasSubstr(sound));
}

TEST(SoundRenditionTest, that_is_only_smaller_goes_with_the_smallest_picture_and_alone) {
  SegmentWindow window({});
  window.begin(1, tracks());
  window.set_made(1, {small_picture(), small_sound()});
  feed_all(window, 7'000'000);

  const auto main = multivariant_playlist(window, "");
  EXPECT_THAT(check_multivariant(main), IsEmpty());
  EXPECT_THAT(main, HasSubstr("RESOLUTION=1280x720,AUDIO=\"audio\"\nvideo/"));
  EXPECT_THAT(main, HasSubstr("RESOLUTION=640x360,AUDIO=\"audio-64k\"\n360p/"));
  EXPECT_THAT(main, Not(HasSubstr("RESOLUTION=1280x720,AUDIO=\"audio-64k\"")));
  EXPECT_THAT(main, Not(HasSubstr("RESOLUTION=640x360,AUDIO=\"audio\"")));
  EXPECT_THAT(main, HasSubstr("\naudio-64k/index.m3u8"));
}

TEST(SoundRenditionTest, that_is_only_smaller_leaves_the_published_picture_its_sound) {
  SegmentWindow window({});
  window.begin(1, tracks());
  window.set_made(1, {small_sound()});
  feed_all(window, 7'000'000);

  const auto main = multivariant_playlist(window, "");
  EXPECT_THAT(main, HasSubstr("RESOLUTION=1280x720,AUDIO=\"audio\"\nvideo/"));
  EXPECT_THAT(main, Not(HasSubstr("AUDIO=\"audio-64k\"")));
}

TEST(SoundRenditionTest, shares_its_adaptation_set_only_with_what_is_coded_alike) {
  for (const bool opus : {false, true}) {
    SegmentWindow window({});
    window.begin(1, opus ? with_opus() : tracks());
    window.set_made(1, {small_sound()});
    feed_all(window, 7'000'000);

    const auto mpd = dash_manifest(window, kStartUs, "");

    std::size_t sets = 0;
    for (auto at = mpd.find("contentType=\"audio\""); at != std::string::npos;
         at = mpd.find("contentType=\"audio\"", at + 1))
      ++sets;
    EXPECT_EQ(sets, opus ? 2U : 1U);
    EXPECT_THAT(mpd, HasSubstr("<Representation id=\"audio-64k\" codecs=\"mp4a.40.2\""));
    EXPECT_THAT(mpd, HasSubstr("initialization=\"audio-64k/init-1.mp4\""));
  }
}

}  // namespace
}  // namespace troupe

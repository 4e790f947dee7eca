// What the load's HLS viewers read out of playlists.
#include <gtest/gtest.h>

#include "sim/hls_playlist.hpp"

namespace troupe::sim {
namespace {

TEST(HlsPlaylist, the_first_variant_and_its_sound_are_found) {
  const auto found = parse_multivariant(
      "#EXTM3U\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Main, loud\",URI=\"v/1/audio/index.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=593403,CODECS=\"avc1.42c00d,mp4a.40.2\",AUDIO=\"a\"\n"
      "v/1/video/index.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=138607,CODECS=\"mp4a.40.2\"\n"
      "v/1/audio/index.m3u8\n");

  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->video, "v/1/video/index.m3u8");
  EXPECT_EQ(found->audio, "v/1/audio/index.m3u8");
}

TEST(HlsPlaylist, parts_are_numbered_in_their_segments) {
  // The shape of the example in RFC 8216bis, section 9.
  const auto found = parse_media(
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:266\n"
      "#EXT-X-PART-INF:PART-TARGET=0.33334\n#EXT-X-MAP:URI=\"init.mp4\"\n"
      "#EXTINF:4.00008,\r\nfileSequence266.mp4\r\n"
      "#EXT-X-PART:DURATION=0.33334,URI=\"filePart267.a.mp4\",INDEPENDENT=YES\n"
      "#EXT-X-PART:DURATION=0.33334,URI=\"filePart267.b.mp4\"\n"
      "#EXTINF:4.00008,\nfileSequence267.mp4\n"
      "#EXT-X-PART:DURATION=0.33334,URI=\"filePart268.a.mp4\"\n"
      "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"filePart268.b.mp4\"\n");

  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->map, "init.mp4");
  ASSERT_EQ(found->segments.size(), 3U);
  EXPECT_TRUE(found->segments.at(266).complete);
  EXPECT_TRUE(found->segments.at(266).parts.empty());
  EXPECT_TRUE(found->segments.at(267).parts.at(0).independent);
  EXPECT_EQ(found->segments.at(267).parts.at(1).uri, "filePart267.b.mp4");
  EXPECT_FALSE(found->segments.at(268).complete);
  EXPECT_EQ(found->segments.at(268).parts.size(), 1U);
}

TEST(HlsPlaylist, other_texts_are_refused) {
  EXPECT_FALSE(parse_multivariant("<html>").ok());
  EXPECT_FALSE(parse_multivariant("#EXTM3U\n").ok());
  EXPECT_FALSE(parse_media("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n#EXT-X-MAP:URI=\"i\"\n").ok());
  EXPECT_FALSE(parse_media("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n").ok());
}

TEST(HlsPlaylist, paths_are_resolved_as_browsers_do) {
  EXPECT_EQ(resolve("/live/1/v/2/video/index.m3u8", "../../../video/part-1.0.m4s"),
            "/live/1/video/part-1.0.m4s");
  EXPECT_EQ(resolve("/live/1/index.m3u8", "v/2/index.m3u8"), "/live/1/v/2/index.m3u8");
  EXPECT_EQ(resolve("/live/1/index.m3u8", "/other"), "/other");
  EXPECT_EQ(resolve("/a", "../../b"), "/b");
}

}  // namespace
}  // namespace troupe::sim

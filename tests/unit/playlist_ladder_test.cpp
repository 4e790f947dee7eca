// DASH manifests, and playlists of a window that has renditions and captions.
#include <random>

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

TEST(DashManifestTest, a_publication_is_a_period_and_its_time_is_the_wall_clock) {
  SegmentWindow window({});
  window.begin(77, tracks());
  Publication publication(40'000, 3, 50);
  feed(window, publication, 7'000'000);

  const auto mpd = dash_manifest(window, kStartUs + 7'000'000, "");

  EXPECT_THAT(mpd, HasSubstr("availabilityStartTime=\"2023-11-14T22:13:20.000Z\""));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"77\" start=\"PT0.000S\">"));
  EXPECT_THAT(mpd, HasSubstr("<S t=\"0\" d=\"2000000\"/><S t=\"2000000\" d=\"2000000\"/>"));
  EXPECT_THAT(mpd, HasSubstr("media=\"video/segment-77-$Number$.m4s\""));
  EXPECT_THAT(mpd, HasSubstr("initialization=\"audio/init-77.mp4\""));
}

TEST(DashManifestTest, a_publisher_that_comes_back_begins_a_period_and_closes_the_one_before) {
  SegmentWindow window({});
  for (const std::uint64_t epoch : {77, 78}) {
    window.begin(epoch, tracks());
    Publication publication(40'000, 3, 50);
    feed(window, publication, 5'000'000);
  }
  const auto mpd = dash_manifest(window, kStartUs + 9'000'000, "../../?a=1&b=2");

  EXPECT_THAT(mpd, HasSubstr("<Period id=\"77\" start=\"PT0.000S\" duration=\""));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"78\""));
  EXPECT_THAT(mpd, HasSubstr("<BaseURL>../../?a=1&amp;b=2</BaseURL>"));
}

/// How many adaptation sets the last Period has once it is of publication 78; 0: it is not.
std::size_t sets_of_second(const std::string& mpd) {
  const auto second = mpd.find("<Period id=\"78\"");
  std::size_t count = 0;
  if (second == std::string::npos) return count;
  for (auto at = mpd.find("<AdaptationSet", second); at != std::string::npos;
       at = mpd.find("<AdaptationSet", at + 1))
    ++count;
  return count;
}

/// Publication 77 is over, 78 begins.
void begin_second(SegmentWindow& window) {
  window.begin(77, tracks());
  Publication before(40'000, 3, 50);
  feed(window, before, 5'000'000);
  window.begin(78, tracks());
}

// shaka-player 5.2 gives a Period that had a picture alone when it first saw it no sound later.
TEST(DashManifestTest, a_period_is_not_told_of_before_it_has_all_its_tracks) {
  SegmentWindow window({});
  begin_second(window);
  Publication after(40'000, 3, 50);
  bool usual = false, low = false;
  for (auto chunk = after.next(); chunk.start_us < 3'000'000; chunk = after.next()) {
    window.push(chunk);
    const auto sets = sets_of_second(dash_manifest(window, chunk.wall_us, ""));
    const auto low_sets = sets_of_second(dash_low_latency_manifest(window, chunk.wall_us, ""));
    ASSERT_NE(sets, 1U) << chunk.start_us;
    ASSERT_NE(low_sets, 1U) << chunk.start_us;
    usual = usual || sets == 2;
    low = low || low_sets == 2;
    EXPECT_TRUE(low || chunk.start_us < 500'000) << "it need not be whole";
  }
  EXPECT_TRUE(usual && low);
}

TEST(DashManifestTest, a_period_does_not_wait_for_a_track_that_stays_silent) {
  SegmentWindow window({});
  begin_second(window);
  Publication after(40'000, 3, 50);
  for (auto chunk = after.next(); chunk.start_us < 4'500'000; chunk = after.next())
    if (chunk.track == 1) window.push(chunk);

  EXPECT_EQ(sets_of_second(dash_manifest(window, kStartUs + 9'000'000, "")), 1U);
}

TEST(DashManifestTest, a_short_publication_is_told_of_once_it_is_over) {
  SegmentWindow window({});
  begin_second(window);
  Publication after(40'000, 3, 50);
  for (auto chunk = after.next(); chunk.start_us < 1'000'000; chunk = after.next())
    if (chunk.track == 1) window.push(chunk);
  EXPECT_EQ(sets_of_second(dash_manifest(window, kStartUs + 9'000'000, "")), 0U);

  window.stop();

  EXPECT_EQ(sets_of_second(dash_manifest(window, kStartUs + 9'000'000, "")), 1U);
}

TEST(DashManifestTest, a_segment_of_the_next_period_is_none_of_this) {
  SegmentWindow window({});
  window.begin(77, tracks());
  Publication before(40'000, 3, 50);
  feed(window, before, 5'000'000);
  const auto next = video_of(window).next_number;
  const auto asked = [&](const char* epoch) {
    const auto name = "segment-" + std::string(epoch) + std::to_string(next) + ".m4s";
    return find_file(window, video_of(window), *parse_media_file(name));
  };
  EXPECT_TRUE(asked("77-").may_come);
  EXPECT_FALSE(asked("78-").may_come);

  window.begin(78, tracks());
  Publication after(40'000, 3, 50);
  feed(window, after, 5'000'000);

  EXPECT_EQ(asked("77-").bytes, nullptr);
  EXPECT_FALSE(asked("77-").may_come);
  EXPECT_TRUE(asked("77-").beyond);
  EXPECT_FALSE(asked("76-").beyond) << "never there";
  EXPECT_EQ(asked("78-").bytes, asked("").bytes);
  EXPECT_NE(asked("78-").bytes, nullptr) << "numbers go on where they ended or one later";
}

/// A publication with a rendition that comes 300 ms later.
class LadderWindowTest : public testing::Test {
 protected:
  static Track small() {
    Track track;
    track.id = 3;
    track.name = "360p";
    track.codecs = "avc1.640015";
    track.width = 640;
    track.height = 360;
    track.init = std::make_shared<const std::string>("small init");
    return track;
  }
  void feed_both(SegmentWindow& window, Publication& publication, std::int64_t until_us) {
    for (auto chunk = publication.next();; chunk = publication.next()) {
      window.push(chunk);
      if (chunk.track == 1) {
        late_.push_back(chunk);
        late_.back().track = 3;
      }
      while (!late_.empty() && late_.front().start_us + 300'000 <= chunk.start_us) {
        window.push(late_.front());
        late_.pop_front();
      }
      if (chunk.start_us >= until_us) return;
    }
  }

  std::deque<Chunk> late_;
};

TEST_F(LadderWindowTest, a_rendition_has_the_sources_segments_with_their_numbers_and_times) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  window.set_made(1, {small()});
  Publication publication(33'333, 3, 30);

  feed_both(window, publication, 21'000'000);

  const auto* made = window.find("360p");
  ASSERT_NE(made, nullptr);
  ASSERT_GE(made->segments.size(), 9U);
  for (const auto& segment : made->segments) {
    const auto* source = video_of(window).find(segment.number);
    ASSERT_NE(source, nullptr);
    EXPECT_EQ(segment.start_us, source->start_us);
    EXPECT_EQ(segment.wall_us, source->wall_us);
    EXPECT_TRUE(!segment.complete || segment.duration_us == source->duration_us);
  }
}

TEST_F(LadderWindowTest, playlists_keep_the_rules_and_report_each_other) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  window.set_made(1, {small()});
  Publication publication(33'333, 3, 30);
  std::optional<test::ReadPlaylist> before;

  for (std::int64_t until_us = 3'000'000; until_us < 15'000'000; until_us += 100'000) {
    feed_both(window, publication, until_us);
    const auto list = read_playlist(media_playlist(window, *window.find("360p"), false, ""));
    ASSERT_THAT(list.objections, IsEmpty());
    EXPECT_THAT(list.reports,
                testing::UnorderedElementsAre("../video/index.m3u8", "../audio/index.m3u8"));
    if (before) {
      ASSERT_THAT(test::compare_playlists(*before, list), IsEmpty());
    }
    before = list;
  }

  const auto main = multivariant_playlist(window, "");
  EXPECT_THAT(test::check_multivariant(main), IsEmpty());
  EXPECT_THAT(main,
              HasSubstr("CODECS=\"avc1.640015,mp4a.40.2\",RESOLUTION=640x360,AUDIO=\"audio\"\n"
                        "360p/index.m3u8"));
  EXPECT_THAT(main, HasSubstr("CODECS=\"mp4a.40.2\"\naudio/index.m3u8"));
  const auto mpd = dash_manifest(window, kStartUs, "");
  EXPECT_THAT(mpd, HasSubstr("<Representation id=\"360p\" codecs=\"avc1.640015\""));
}

TEST_F(LadderWindowTest, a_rendition_that_begins_later_counts_as_the_source_does) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication first(33'333, 3, 30);
  feed(window, first, 7'000'000);
  window.begin(2, tracks());
  window.set_made(2, {small()});
  Publication second(33'333, 3, 30);

  feed_both(window, second, 5'000'000);

  const auto& made = *window.find("360p");
  const auto& source = *video_of(window).find(made.segments.front().number);
  EXPECT_EQ(source.epoch, 2U);
  EXPECT_EQ(made.segments.front().wall_us, source.wall_us);
  EXPECT_EQ(made.discontinuities_gone, 1U);
}

TEST_F(LadderWindowTest, a_rendition_that_is_given_up_is_gone_from_all_playlists) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  window.set_made(1, {small()});
  Publication publication(33'333, 3, 30);
  feed_both(window, publication, 5'000'000);

  window.set_made(1, {});
  feed_both(window, publication, 7'000'000);

  EXPECT_EQ(window.find("360p"), nullptr);
  EXPECT_THAT(multivariant_playlist(window, ""), testing::Not(HasSubstr("360p")));
}

TEST_F(LadderWindowTest, a_rendition_that_comes_back_does_so_with_a_whole_segment) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  window.set_made(1, {small()});
  Publication publication(33'333, 3, 30);  // a key frame each second
  feed_both(window, publication, 5'000'000);
  window.set_made(1, {});
  feed_both(window, publication, 8'700'000);
  window.set_made(1, {small()});

  feed_both(window, publication, 14'500'000);

  const auto& made = *window.find("360p");
  ASSERT_FALSE(made.segments.empty());
  for (const auto& segment : made.segments) {
    const auto* source = video_of(window).find(segment.number);
    ASSERT_NE(source, nullptr);
    EXPECT_EQ(segment.start_us, source->start_us);
    EXPECT_EQ(segment.ordinal, source->ordinal);
    EXPECT_TRUE(segment.independent);
  }
  EXPECT_EQ(made.segments.front().number, 5U) << "the key frame at 9 s lies within segment 4";
  EXPECT_THAT(read_playlist(media_playlist(window, made, false, "")).objections, IsEmpty());
}

TEST(DashLowLatencyTest, even_segments_are_told_by_their_length_alone) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  feed(window, publication, 6'500'000);

  const auto mpd = dash_low_latency_manifest(window, kStartUs + 6'500'000, "");

  EXPECT_THAT(mpd, HasSubstr("availabilityTimeOffset=\"1.900\" availabilityTimeComplete=\"false\" "
                             "duration=\"2000000\" startNumber=\"0\""));
  EXPECT_THAT(mpd, testing::Not(HasSubstr("SegmentTimeline")));
  EXPECT_THAT(mpd, HasSubstr("<Latency referenceId=\"0\" target=\"1500\""));
  EXPECT_THAT(mpd, HasSubstr("<ProducerReferenceTime id=\"0\" type=\"captured\""));
}

TEST(DashLowLatencyTest, of_uneven_segments_the_one_under_way_is_listed_with_its_likely_length) {
  SegmentWindow window({.segment_us = 1'000'000});
  window.begin(1, tracks());
  Publication even(33'333, 3, 30);
  feed(window, even, 1'900'000);
  window.begin(2, tracks());
  std::int64_t at_us = 0;
  for (const int frames : {40, 35, 55, 30, 20}) {
    Chunk chunk;
    chunk.track = 1;
    chunk.start_us = at_us;
    chunk.duration_us = frames * 33'333;
    chunk.key = true;
    chunk.wall_us = kStartUs + at_us;
    chunk.bytes = std::make_shared<const std::string>("x");
    window.push(chunk);
    at_us += chunk.duration_us;
  }

  const auto mpd = dash_low_latency_manifest(window, kStartUs + at_us, "");

  const auto& segments = video_of(window).segments;
  const auto& last = segments.back();
  ASSERT_FALSE(last.complete);
  EXPECT_THAT(mpd, HasSubstr("<S t=\"" + std::to_string(last.start_us) + "\" d=\"" +
                             std::to_string(segments[segments.size() - 2].duration_us) + "\"/>"));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"1\" start=\"PT0.000S\" duration=\""));
  EXPECT_THAT(dash_manifest(window, kStartUs + at_us, ""),
              testing::Not(HasSubstr("<S t=\"" + std::to_string(last.start_us))));
}

TEST(DashLowLatencyTest, a_publisher_that_comes_back_is_there_before_its_first_segment_is_whole) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication before(33'333, 3, 30);
  feed(window, before, 7'000'000);
  window.begin(2, tracks());
  Publication after(33'333, 3, 30);
  feed(window, after, 900'000);

  const auto mpd = dash_low_latency_manifest(window, kStartUs + 9'000'000, "");

  EXPECT_THAT(mpd, HasSubstr("<Period id=\"1\" start=\"PT0.000S\" duration=\""));
  const auto second = mpd.find("<Period id=\"2\"");
  ASSERT_NE(second, std::string::npos);
  // As the one before, and that still as it was.
  EXPECT_THAT(mpd.substr(second), HasSubstr("duration=\"2000000\" startNumber=\"4\""));
  EXPECT_THAT(mpd.substr(0, second), HasSubstr("duration=\"2000000\" startNumber=\"0\""));
  EXPECT_THAT(dash_manifest(window, kStartUs + 9'000'000, ""),
              testing::Not(HasSubstr("<Period id=\"2\"")));
}

TEST(DashLowLatencyTest, what_is_under_way_is_all_of_the_segment_so_far) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  std::string expected;
  std::uint64_t number = 0;
  for (int i = 0; i < 200; ++i) {
    const auto chunk = publication.next();
    window.push(chunk);
    if (chunk.track != 1) continue;
    const auto& last = video_of(window).segments.back();
    if (last.number != number) expected.clear();
    number = last.number;
    expected += *chunk.bytes;

    std::string pieces;
    for (const auto& piece : window.under_way(video_of(window))) pieces += *piece;
    ASSERT_EQ(pieces, expected);
  }
}

TEST_F(LadderWindowTest, captions_have_the_pictures_segments_and_parts_and_no_init) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  std::optional<test::ReadPlaylist> before;
  for (std::int64_t until_us = 3'000'000; until_us < 12'000'000; until_us += 100'000) {
    feed(window, publication, until_us);

    const auto list = read_playlist(caption_playlist(window, video_of(window), false, ""));

    ASSERT_THAT(list.objections, IsEmpty());
    EXPECT_EQ(list.segments.size(),
              read_playlist(media_playlist(window, video_of(window), false, "")).segments.size());
    EXPECT_THAT(list.hint, testing::EndsWith(".vtt"));
    EXPECT_EQ(list.reports.size(), 2U);
    if (before) {
      ASSERT_THAT(test::compare_playlists(*before, list), IsEmpty());
    }
    before = list;
  }
  EXPECT_THAT(test::check_multivariant(multivariant_playlist(window, "v/x/", {{}})), IsEmpty());
}

TEST_F(LadderWindowTest, captions_stand_in_manifests_with_the_whole_segments_of_the_picture) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  feed(window, publication, 7'000'000);
  const std::vector<CaptionTrack> captions{{}, {"captions-s2", "Service 2", "es"}};

  for (const auto& mpd :
       {dash_manifest(window, kStartUs, "", {.captions = captions}),
        dash_low_latency_manifest(window, kStartUs, "", {.captions = captions})}) {
    const auto text = mpd.substr(mpd.find("<AdaptationSet contentType=\"text\""));
    EXPECT_THAT(text, HasSubstr("mimeType=\"text/vtt\" segmentAlignment=\"true\"><Role"));
    EXPECT_THAT(text, HasSubstr("startNumber=\"0\" media=\"captions/segment-$Number$.vtt\""));
    EXPECT_THAT(text, HasSubstr("lang=\"es\""));
    EXPECT_THAT(text, HasSubstr("<Label>Service 2</Label><Representation id=\"captions-s2\""));
    EXPECT_THAT(text, HasSubstr("<S t=\"3999960\" d=\"1999980\"/></SegmentTimeline>"));
  }
  const auto main = multivariant_playlist(window, "v/", captions);
  EXPECT_THAT(test::check_multivariant(main), IsEmpty());
  EXPECT_THAT(main, HasSubstr("NAME=\"Service 2\",LANGUAGE=\"es\""));
  EXPECT_THAT(main, HasSubstr("URI=\"v/captions-s2/index.m3u8\""));
}

TEST_F(LadderWindowTest, the_span_of_a_caption_file_is_that_of_the_pictures_part) {
  SegmentWindow window({.segment_us = 2'000'000, .part_us = 200'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  feed(window, publication, 5'000'000);
  const auto& segment = video_of(window).segments.at(1);

  const auto whole = span_of(
      video_of(window), *parse_caption_file("segment-" + std::to_string(segment.number) + ".vtt"));
  const auto part = span_of(
      video_of(window), *parse_caption_file("part-" + std::to_string(segment.number) + ".1.vtt"));

  EXPECT_EQ(whole->from_us, segment.start_us);
  EXPECT_EQ(whole->to_us, segment.start_us + segment.duration_us);
  EXPECT_EQ(part->from_us, segment.start_us + segment.parts[0].duration_us);
  EXPECT_EQ(part->to_us, part->from_us + segment.parts[1].duration_us);
  EXPECT_FALSE(parse_caption_file("segment-1.m4s"));
  EXPECT_FALSE(parse_caption_file("init-1.vtt"));
  EXPECT_FALSE(parse_caption_file("segment-7-1.vtt")) << "captions have no such names";
}

}  // namespace
}  // namespace troupe

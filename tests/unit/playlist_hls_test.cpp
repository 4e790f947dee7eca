// HLS playlists of a live window against the rules of draft-ietf-hls-rfc8216bis; section numbers
// are the draft's.
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
using testing::Not;

TEST(SegmentWindowTest, segments_begin_with_the_first_key_frame_after_the_aimed_length) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);  // a key frame each second

  feed(window, publication, 7'000'000);

  const auto& segments = video_of(window).segments;
  ASSERT_GE(segments.size(), 3U);
  EXPECT_NEAR(static_cast<double>(segments[0].duration_us), 2e6, 100);
  EXPECT_TRUE(segments[1].independent);
  EXPECT_EQ(segments[1].number, 1U);
}

TEST(SegmentWindowTest,
     a_stream_with_rare_key_frames_is_cut_without_them_before_the_target_duration) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 300);  // a key frame each ten seconds

  feed(window, publication, 9'000'000);

  for (const auto& segment : video_of(window).segments) EXPECT_LE(segment.duration_us, 4'000'500);
  EXPECT_FALSE(video_of(window).segments[1].independent);
}

TEST(SegmentWindowTest, sound_is_cut_where_the_picture_is) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(40'000, 3, 50);

  feed(window, publication, 11'000'000);

  const auto& video = video_of(window).segments;
  const auto& audio = audio_of(window).segments;
  for (std::size_t i = 0; i < std::min(video.size(), audio.size()); ++i)
    EXPECT_NEAR(static_cast<double>(video[i].start_us), static_cast<double>(audio[i].start_us),
                110'000)
        << i;
}

TEST(HlsPlaylistTest, of_even_segments_each_hint_comes_true) {
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    SegmentWindow window({.segment_us = 2'000'000});
    window.begin(1, tracks());
    Publication publication(33'333, 3, 30);
    const auto rendition = [&]() -> const Rendition& { return *window.find(kind); };
    std::string hinted;
    std::size_t seen = 0;

    for (int i = 0; i < 900; ++i) {
      const auto before = rendition().next();
      window.push(publication.next());
      if (rendition().part_target_us == 0) continue;
      const bool learned = rendition().segments.size() > 2;
      if (learned && rendition().next() != before && !rendition().segments.back().parts.empty()) {
        const auto& last = rendition().segments.back();
        EXPECT_EQ(hinted, file_name({MediaFile::Kind::part, last.number, last.parts.size() - 1,
                                     last.epoch}));
        ++seen;
      }
      const auto text = media_playlist(window, rendition(), false, "");
      const auto at = text.find("part-", text.find("#EXT-X-PRELOAD-HINT"));
      hinted = text.substr(at, text.find('"', at) - at);
      EXPECT_TRUE(find_file(window, rendition(), *parse_media_file(hinted)).may_come) << hinted;
    }

    EXPECT_GT(seen, 100U);
  }
}

// Each part that is hinted at and never comes is a fault to players.
TEST(HlsPlaylistTest, a_publication_is_taken_to_be_cut_as_the_one_before) {
  SegmentWindow window({.segment_us = 2'000'000});
  window.begin(1, tracks());
  Publication before(33'333, 3, 60);
  feed(window, before, 9'100'000);
  window.begin(2, tracks());
  Publication after(33'333, 3, 60);
  const auto& video = video_of(window);
  std::string hinted;
  int compared = 0;

  for (auto chunk = after.next(); chunk.start_us < 5'000'000; chunk = after.next()) {
    const auto parts = [&] { return video.segments.back().parts.size(); };
    const auto number = video.segments.back().number;
    const auto known = parts();
    window.push(chunk);
    const auto& last = video.segments.back();
    if (last.epoch != 2 || parts() == 0 || (last.number == number && parts() == known)) continue;
    const auto came = file_name({MediaFile::Kind::part, last.number, parts() - 1, last.epoch});
    if (!hinted.empty()) {
      EXPECT_EQ(hinted, came);
      ++compared;
    }
    const auto text = media_playlist(window, video, false, "");
    const auto at = text.find("part-", text.find("#EXT-X-PRELOAD-HINT"));
    hinted = text.substr(at, text.find('"', at) - at);
  }

  EXPECT_GT(compared, 20);
}

TEST(SegmentWindowTest, a_segment_holds_exactly_the_bytes_of_its_parts) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 1, 30);

  feed(window, publication, 5'000'000);

  const auto& segment = video_of(window).segments[1];
  std::string parts;
  for (const auto& part : segment.parts) parts += *part.bytes;
  EXPECT_EQ(*segment.bytes, parts);
  EXPECT_FALSE(parts.empty());
}

TEST(SegmentWindowTest, the_window_is_bounded_in_time_and_in_bytes) {
  SegmentWindow by_time({.window_us = 20'000'000}),
      by_bytes({.window_us = 3'600'000'000, .max_bytes = 8'000});
  for (auto* window : {&by_time, &by_bytes}) {
    window->begin(1, tracks());
    Publication publication(33'333, 3, 60);
    feed(*window, publication, 600'000'000);
  }
  EXPECT_LE(video_of(by_time).segments.size(), 12U);
  std::size_t bytes = 0;
  for (const auto& segment : video_of(by_bytes).segments)
    bytes += segment.bytes ? segment.bytes->size() : 0;
  EXPECT_LE(bytes, 9'000U);
  EXPECT_GE(video_of(by_bytes).segments.size(), 6U) << "three target durations stay (6.2.2)";
}

/// Encoders that people have: frame rates, chunk lengths, groups of pictures.
struct Encoder {
  std::int64_t frame_us;
  int frames_per_chunk;
  int frames_per_group;
  std::int64_t clock_us = 1;
};
class PlaylistRulesTest : public testing::TestWithParam<Encoder> {};

TEST_P(PlaylistRulesTest,
       every_state_of_every_playlist_keeps_the_rules_and_the_promises_of_the_one_before) {
  SegmentWindow window({.window_us = 30'000'000});
  std::map<TrackKind, test::ReadPlaylist> before;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {  // the encoder comes back twice
    window.begin(epoch, tracks());
    Publication publication(GetParam().frame_us, GetParam().frames_per_chunk,
                            GetParam().frames_per_group, GetParam().clock_us);
    for (int i = 0; i < 900; ++i) {
      window.push(publication.next());
      for (const auto& rendition : window.renditions()) {
        if (rendition.segments.empty() || rendition.part_target_us == 0) continue;
        auto now = read_playlist(media_playlist(window, rendition, false, ""));
        ASSERT_THAT(now.objections, IsEmpty()) << media_playlist(window, rendition, false, "");
        if (before.contains(rendition.kind)) {
          ASSERT_THAT(compare_playlists(before[rendition.kind], now), IsEmpty()) << "chunk " << i;
        }
        before[rendition.kind] = std::move(now);
      }
    }
    window.stop();
  }
}

TEST_P(PlaylistRulesTest, every_report_says_where_the_other_playlist_is) {
  SegmentWindow window({.window_us = 30'000'000});
  window.begin(1, tracks());
  Publication publication(GetParam().frame_us, GetParam().frames_per_chunk,
                          GetParam().frames_per_group, GetParam().clock_us);
  int reports = 0;
  for (int i = 0; i < 900; ++i) {
    window.push(publication.next());
    const auto video = read_playlist(media_playlist(window, video_of(window), false, ""));
    const auto audio = read_playlist(media_playlist(window, audio_of(window), false, ""));
    for (const auto& [of, by] : {std::pair(&video, &audio), std::pair(&audio, &video)}) {
      for (const auto& [uri, report] : by->reported) {
        ASSERT_THAT(test::check_report(report, *of), IsEmpty()) << uri << ", chunk " << i;
        ++reports;
      }
    }
  }
  EXPECT_GT(reports, 1'500);
}
INSTANTIATE_TEST_SUITE_P(Encoders, PlaylistRulesTest,
                         testing::Values(Encoder{33'333, 1, 30},   // 30 fps, a picture a chunk
                                         Encoder{33'333, 3, 60},   // 30 fps, 100 ms
                                         Encoder{40'000, 1, 250},  // 25 fps, x264's default group
                                         Encoder{40'000, 3, 48},   // 25 fps, chunks of 120 ms
                                         Encoder{16'667, 6, 120},  // 60 fps
                                         Encoder{41'708, 3, 48},   // 23.976 fps
                                         Encoder{33'333, 1, 30, 1'000},  // RTMP: milliseconds
                                         Encoder{33'333, 3, 60, 1'000},
                                         Encoder{16'667, 6, 120, 1'000},
                                         Encoder{41'708, 3, 48, 1'000}));

TEST(HlsPlaylistTest, a_delta_update_holds_the_rest_of_what_the_whole_playlist_says) {
  SegmentWindow window({.window_us = 120'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 100'000'000);

  const auto whole = read_playlist(media_playlist(window, video_of(window), false, ""));
  const auto delta = read_playlist(media_playlist(window, video_of(window), true, ""));

  ASSERT_THAT(delta.objections, IsEmpty());
  EXPECT_GT(delta.skipped, 30U);
  ASSERT_EQ(delta.skipped + delta.segments.size(), whole.segments.size());
  EXPECT_EQ(delta.segments.back().parts.size(), whole.segments.back().parts.size());
  EXPECT_EQ(delta.segments.front().uri, whole.segments[delta.skipped].uri);
}

TEST(HlsPlaylistTest, a_delta_update_goes_over_no_discontinuity) {
  SegmentWindow window({.window_us = 60'000'000});
  for (const std::uint64_t epoch : {1, 2}) {
    window.begin(epoch, tracks());
    Publication publication(33'333, 3, 30);
    feed(window, publication, 40'000'000);
  }
  const auto whole = read_playlist(media_playlist(window, video_of(window), false, ""));
  const auto delta = read_playlist(media_playlist(window, video_of(window), true, ""));

  EXPECT_THAT(delta.objections, IsEmpty());
  EXPECT_GT(delta.skipped, 2U);
  EXPECT_TRUE(delta.segments.front().discontinuity);
  EXPECT_TRUE(whole.segments[delta.skipped].discontinuity);
  EXPECT_EQ(delta.skipped + delta.segments.size(), whole.segments.size());
}

TEST(HlsPlaylistTest, timed_metadata_is_a_date_range_on_the_line_of_the_segments) {
  SegmentWindow window({.window_us = 20'000'000});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 30);
  feed(window, publication, 60'000'000);
  window.mark({"cue-1", 1, 50'250'000, "urn:x", "go\n"});
  window.mark({"cue-2", 1, 1'000'000, "urn:x", "before the window"});
  window.mark({"cue-3", 2, 50'000'000, "urn:x", "of no publication here"});

  for (const auto* rendition : {&video_of(window), &audio_of(window)}) {
    for (const bool skip : {false, true}) {
      const auto text = media_playlist(window, *rendition, skip, "");

      // kStartUs and 50.25 s; the first sample of a chunk came a chunk's length before its end.
      EXPECT_THAT(text,
                  HasSubstr("#EXT-X-DATERANGE:ID=\"cue-1\",CLASS=\"urn:x\",START-DATE="
                            "\"2023-11-14T22:14:10.250Z\",DURATION=0.0,X-PAYLOAD=0x676F0A\n"));
      EXPECT_EQ(text.find("cue-2"), std::string::npos);
      EXPECT_EQ(text.find("cue-3"), std::string::npos);
      EXPECT_THAT(read_playlist(text).objections, IsEmpty());
    }
  }
}

TEST(HlsPlaylistTest, of_too_much_timed_metadata_the_oldest_goes) {
  SegmentWindow window({});
  for (int i = 0; i < 10; ++i)
    window.mark({std::to_string(i), 1, 0, "urn:x", std::string(8'000, 'x')});

  ASSERT_EQ(window.marks().size(), 3U);
  EXPECT_EQ(window.marks().front().id, "7");
}

TEST(HlsPlaylistTest, a_reload_is_ready_once_its_part_is_there) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 5'000'000);
  const auto& video = video_of(window);
  const auto next = video.next();
  ASSERT_GT(next.part, 0U);

  EXPECT_TRUE(*is_ready(window, video, {next.number, next.part - 1, false}));
  EXPECT_FALSE(*is_ready(window, video, {next.number, next.part, false}));
  EXPECT_FALSE(*is_ready(window, video, {next.number, std::nullopt, false}))
      << "the whole segment is asked for";
  EXPECT_TRUE(*is_ready(window, video, {next.number - 1, std::nullopt, false}));
  EXPECT_TRUE(*is_ready(window, video, {next.number - 1, 500, false}))
      << "past the last part: part 0 of the next";
}

TEST(HlsPlaylistTest, a_reload_too_far_ahead_is_refused) {  // 6.2.5.2
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 5'000'000);
  const auto next = video_of(window).next();

  EXPECT_FALSE(is_ready(window, video_of(window), {next.number + 3, std::nullopt, false}).ok());
  EXPECT_TRUE(is_ready(window, video_of(window), {next.number + 2, std::nullopt, false}).ok());
  EXPECT_FALSE(is_ready(window, video_of(window), {next.number, next.part + 16, false}).ok());
  EXPECT_TRUE(is_ready(window, video_of(window), {next.number, next.part + 15, false}).ok());
}

TEST(HlsPlaylistTest, directives_are_checked) {
  EXPECT_TRUE(parse_reload(std::nullopt, std::nullopt, std::nullopt).ok());
  EXPECT_TRUE(parse_reload("12", "3", "YES").ok());
  EXPECT_FALSE(parse_reload(std::nullopt, "3", std::nullopt).ok()) << "a part of nothing";
  EXPECT_FALSE(parse_reload("-1", std::nullopt, std::nullopt).ok());
  EXPECT_FALSE(parse_reload("99999999999999999999", std::nullopt, std::nullopt).ok());
  EXPECT_FALSE(parse_reload("1", std::nullopt, "maybe").ok());
}

TEST(HlsPlaylistTest, every_uri_of_a_playlist_is_found_and_the_hint_is_held) {
  SegmentWindow window({});
  window.begin(9, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 30'000'000);
  const auto& video = video_of(window);
  const auto list = read_playlist(media_playlist(window, video, false, ""));

  const auto bytes_of = [&](const std::string& uri) {
    const auto file = parse_media_file(uri);
    return file ? find_file(window, video, *file) : FoundFile{};
  };
  for (const auto& segment : list.segments) {
    EXPECT_TRUE(bytes_of(segment.map).bytes) << segment.map;
    if (!segment.uri.empty()) {
      EXPECT_TRUE(bytes_of(segment.uri).bytes) << segment.uri;
    }
    for (const auto& part : segment.parts) EXPECT_TRUE(bytes_of(part.uri).bytes) << part.uri;
  }
  EXPECT_FALSE(bytes_of(list.hint).bytes);
  EXPECT_TRUE(bytes_of(list.hint).may_come);
  EXPECT_FALSE(bytes_of("part-999.0.m4s").may_come);
}

/// shaka-player appended it behind the init segment of the one before, and stood still.
TEST(HlsPlaylistTest, what_a_publication_hinted_at_is_no_part_of_the_next) {
  SegmentWindow window({});
  window.begin(7, tracks());
  Publication before(33'333, 3, 60);
  feed(window, before, 6'000'000);
  const auto& video = video_of(window);
  const auto hinted =
      *parse_media_file(read_playlist(media_playlist(window, video, false, "")).hint);

  window.stop();

  EXPECT_THAT(media_playlist(window, video, false, ""), Not(HasSubstr("PRELOAD-HINT")));
  EXPECT_FALSE(find_file(window, video, hinted).may_come) << "nobody waits for it any more";

  window.begin(8, tracks());
  Publication after(33'333, 3, 60);
  feed(window, after, 4'000'000);

  const auto first = std::ranges::find(video.segments, 8U, &Segment::epoch);
  ASSERT_NE(first, video.segments.end());
  EXPECT_FALSE(find_file(window, video, {MediaFile::Kind::part, first->number, 0, 7}).bytes);
  EXPECT_TRUE(find_file(window, video, {MediaFile::Kind::part, first->number, 0, 8}).bytes);
}

TEST(HlsPlaylistTest, parts_are_to_be_had_as_long_as_their_segment) {
  SegmentWindow window({});
  window.begin(9, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 30'000'000);
  const auto& video = video_of(window);
  const auto& oldest = video.segments.front();
  ASSERT_THAT(media_playlist(window, video, false, ""),
              Not(HasSubstr(file_name({MediaFile::Kind::part, oldest.number, 0, oldest.epoch}))));

  std::string parts;
  for (std::size_t i = 0; i < oldest.parts.size(); ++i)
    parts += *find_file(window, video, {MediaFile::Kind::part, oldest.number, i}).bytes;

  EXPECT_FALSE(parts.empty());
  EXPECT_EQ(parts, *oldest.bytes);
}

TEST(HlsPlaylistTest, an_old_part_is_copied_once_for_all_who_have_it_and_not_kept) {
  SegmentWindow window({});
  window.begin(9, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 30'000'000);
  const auto& oldest = video_of(window).segments.front();
  const MediaFile file{MediaFile::Kind::part, oldest.number, 1};

  auto one = find_file(window, video_of(window), file).bytes;
  auto other = find_file(window, video_of(window), file).bytes;

  EXPECT_EQ(one, other);
  EXPECT_EQ(one.use_count(), 2);
  const auto text = *one;
  one.reset();
  other.reset();
  EXPECT_EQ(*find_file(window, video_of(window), file).bytes, text);
}

TEST(HlsPlaylistTest, names_that_are_not_ours_are_no_files) {
  for (const auto* name :
       {"", "init-.mp4", "init-x.mp4", "segment-1.mp4", "part-1.m4s", "part-1.2", "part-.1.m4s",
        "segment--1.m4s", "part-0-1.2.m4s", "part-x-1.2.m4s", "../etc/passwd"})
    EXPECT_FALSE(parse_media_file(name)) << name;
}

TEST(HlsPlaylistTest, an_ended_session_says_so_and_holds_nobody) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 5'000'000);

  window.end();

  const auto list = read_playlist(media_playlist(window, video_of(window), false, ""));
  EXPECT_THAT(list.objections, IsEmpty());
  EXPECT_TRUE(list.ended);
  EXPECT_TRUE(*is_ready(window, video_of(window), {1'000, 0, false}));
}

TEST(HlsPlaylistTest, the_multivariant_playlist_joins_picture_and_sound) {
  SegmentWindow window({});
  window.begin(1, tracks());
  Publication publication(33'333, 3, 60);
  feed(window, publication, 5'000'000);

  const auto text = multivariant_playlist(window, "v/abc/");

  EXPECT_THAT(text,
              HasSubstr("CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,AUDIO=\"audio\""));
  EXPECT_THAT(text, HasSubstr("\nv/abc/video/index.m3u8\n"));
  EXPECT_THAT(text, HasSubstr("URI=\"v/abc/audio/index.m3u8\""));
}

/// The validator itself: a rule broken is a rule told.
TEST(HlsRulesTest, objects_to_what_the_draft_forbids) {
  const std::string good =
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Main\",URI=\"a.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,AVERAGE-BANDWIDTH=1,CODECS=\"avc1.42c01f\",AUDIO=\"a\"\n"
      "v.m3u8\n";
  const auto with = [&](std::string from, const std::string& to) {
    auto text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_THAT(test::check_multivariant(good), IsEmpty());
  for (const auto& bad : {with("#EXTM3U", "#EXTM3"), with("BANDWIDTH=2,", ""), with("=1,", "=3,"),
                          with(",AUDIO=\"a\"", ",AUDIO=\"b\""), with("v.m3u8\n", ""),
                          with("TYPE=AUDIO", "TYPE=SOUND"), with(",NAME=\"Main\"", ""),
                          with(",URI=\"a.m3u8\"", ",FORCED=NO"),
                          with("#EXTM3U\n", "#EXTM3U\n#EXT-X-ENDLIST\n"), good + "v.m3u8\n"})
    EXPECT_THAT(test::check_multivariant(bad), testing::Not(IsEmpty())) << bad;

  const std::string media =
      "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n"
      "#EXT-X-MAP:URI=\"i\"\n#EXTINF:2.0,\ns1\n";
  EXPECT_THAT(read_playlist(media).objections, IsEmpty());
  for (const auto* more :
       {"#EXT-X-VERSION:9\n", "#EXT-X-MEDIA-SEQUENCE:2\n", "#EXTINF:3.0,\ns2\n", "s2\n",
        "#EXT-X-PART:DURATION=1,URI=\"p\"\n", "#EXT-X-STREAM-INF:BANDWIDTH=1\n",
        "#EXT-X-ENDLIST\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p\"\n",
        "#EXT-X-PRELOAD-HINT:TYPE=WHAT,URI=\"p\"\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n"})
    EXPECT_THAT(read_playlist(media + more).objections, testing::Not(IsEmpty())) << more;
}

}  // namespace
}  // namespace troupe

// Playlists of a live window against the rules of draft-ietf-hls-rfc8216bis; section numbers are
// the draft's.
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/playlist/dash.hpp"
#include "media/playlist/hls.hpp"
#include "tests/support/hls_rules.hpp"

namespace troupe {
namespace {

using namespace troupe::media;
using test::read_playlist;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

std::vector<Track> tracks() {
  Track video;
  video.id = 1;
  video.codecs = "avc1.64001f";
  video.width = 1280;
  video.height = 720;
  video.init = std::make_shared<const std::string>("video init");
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.codecs = "mp4a.40.2";
  audio.channels = 2;
  audio.sample_rate = 48'000;
  audio.init = std::make_shared<const std::string>("audio init");
  return {video, audio};
}

/// An encoder's publication: chunks of picture and sound, in the order in which they end.
class Publication {
 public:
  /// `clock_us`: what times are rounded to.
  Publication(std::int64_t frame_us, int frames_per_chunk, int frames_per_group,
              std::int64_t clock_us = 1)
      : frame_us_(frame_us),
        per_chunk_(frames_per_chunk),
        per_group_(frames_per_group),
        clock_us_(clock_us) {}

  /// The next chunk of whichever track ends first.
  Chunk next() {
    const auto in_group = frame_ % per_group_;
    const auto frames = std::min(per_chunk_, per_group_ - in_group);
    const auto video_end = (frame_ + frames) * frame_us_;
    const auto audio_end = (aac_ + 5) * 1'024'000'000 / 48'000;
    Chunk chunk;
    chunk.sequence = ++sequence_;
    if (video_end <= audio_end) {
      chunk.track = 1;
      chunk.start_us = at(frame_);
      // The last picture's duration is told before the next has come: that of the one before.
      const auto last = frame_ + frames - 1;
      chunk.duration_us =
          at(last) - chunk.start_us +
          (at(std::max<std::int64_t>(last, 1)) - at(std::max<std::int64_t>(last, 1) - 1));
      chunk.key = in_group == 0;
      frame_ += frames;
    } else {
      chunk.track = 2;
      chunk.start_us = aac_ * 1'024'000'000 / 48'000;
      chunk.duration_us = audio_end - chunk.start_us;
      chunk.key = true;
      aac_ += 5;
    }
    chunk.wall_us = kStartUs + chunk.start_us + chunk.duration_us;
    chunk.bytes = std::make_shared<const std::string>("<" + std::to_string(chunk.track) + ":" +
                                                      std::to_string(chunk.start_us) + ">");
    return chunk;
  }

 private:
  [[nodiscard]] std::int64_t at(std::int64_t frame) const {
    return (frame * frame_us_ + clock_us_ / 2) / clock_us_ * clock_us_;
  }

  const std::int64_t frame_us_;
  const std::int64_t per_chunk_, per_group_, clock_us_;
  std::int64_t frame_ = 0, aac_ = 0;
  std::uint64_t sequence_ = 0;
};

void feed(SegmentWindow& window, Publication& publication, std::int64_t until_us) {
  for (auto chunk = publication.next();; chunk = publication.next()) {
    window.push(chunk);
    if (chunk.start_us >= until_us) return;
  }
}

const Rendition& video_of(const SegmentWindow& window) {
  return *window.find(TrackKind::video);
}
const Rendition& audio_of(const SegmentWindow& window) {
  return *window.find(TrackKind::audio);
}

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

TEST(HlsPlaylistTest, names_that_are_not_ours_are_no_files) {
  for (const auto* name : {"", "init-.mp4", "init-x.mp4", "segment-1.mp4", "part-1.m4s", "part-1.2",
                           "part-.1.m4s", "segment--1.m4s", "../etc/passwd"})
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

TEST(DashManifestTest, a_publication_is_a_period_and_its_time_is_the_wall_clock) {
  SegmentWindow window({});
  window.begin(77, tracks());
  Publication publication(40'000, 3, 50);
  feed(window, publication, 7'000'000);

  const auto mpd = dash_manifest(window, kStartUs + 7'000'000, "");

  EXPECT_THAT(mpd, HasSubstr("availabilityStartTime=\"2023-11-14T22:13:20.000Z\""));
  EXPECT_THAT(mpd, HasSubstr("<Period id=\"77\" start=\"PT0.000S\">"));
  EXPECT_THAT(mpd, HasSubstr("<S t=\"0\" d=\"2000000\"/><S t=\"2000000\" d=\"2000000\"/>"));
  EXPECT_THAT(mpd, HasSubstr("media=\"video/segment-$Number$.m4s\""));
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
  EXPECT_THAT(mpd, testing::Not(HasSubstr("<Period id=\"1\"")));
  EXPECT_THAT(dash_manifest(window, kStartUs + at_us, ""),
              testing::Not(HasSubstr("<S t=\"" + std::to_string(last.start_us))));
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

    ASSERT_EQ(window.under_way(video_of(window)), expected);
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
  EXPECT_THAT(test::check_multivariant(multivariant_playlist(window, "v/x/", Captions::webvtt)),
              IsEmpty());
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

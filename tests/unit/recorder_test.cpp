// The recorder on a real directory.
#include "media/recording/recorder.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/recording/asset_playlist.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/unit/recorder_fixture.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class RecorderTest : public RecorderFixture {
 protected:
  RecorderOptions options() {
    auto made = RecorderFixture::options();
    made.directory = dir_.path();
    return made;
  }
  static void push(Recorder& recorder, int seconds, std::uint64_t epoch, std::int64_t from_us = 0,
                   const std::string& session = kSession) {
    RecorderFixture::push(recorder, {seconds, epoch, from_us, session});
  }
  static AssetMedia describe(const Recorder& recorder) {
    return *describe_recording(recorder.files(), kSession, {recorder.find(kSession), {}, true});
  }
  static std::string playlist_text(const Recorder& recorder) {
    return asset_playlist(describe(recorder), TrackKind::video);
  }
};

TEST_F(RecorderTest, what_was_pushed_is_there_in_order_cut_at_key_frames) {
  const auto recorder = open(options());

  push(*recorder, 10, now_us());

  const auto recording = recorder->find(kSession);
  const auto& video = recording.at(TrackKind::video);
  EXPECT_EQ(video.duration_us(), 10'000'000);
  std::string all;
  for (const auto& segment : video.segments) {
    const auto bytes =
        recorder->read_segment(kSession, TrackKind::video, segment.epoch, segment.number);
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(bytes->size(), segment.bytes);
    EXPECT_EQ(segment.start_us % 1'000'000, 0) << "at a key frame";
    all += *bytes;
  }
  EXPECT_TRUE(all.starts_with("[1@0][1@500000][1@1000000]"));
  EXPECT_TRUE(all.ends_with("[1@9500000]"));
  EXPECT_EQ(*recorder->read_init(kSession, TrackKind::audio, video.segments[0].epoch),
            "audio init");
}

TEST_F(RecorderTest, only_the_window_is_kept_in_memory_and_on_disk) {
  const auto recorder = open(options());

  push(*recorder, 120, now_us());

  for (const auto& [kind, track] : recorder->find(kSession)) {
    EXPECT_GE(track.duration_us(), 20'000'000);
    EXPECT_LE(track.duration_us(), 29'000'000) << "the window, what is written, and a segment";
  }
  const auto files = std::distance(fs::recursive_directory_iterator(dir_.path()), {});
  EXPECT_LE(files, 3 + 3 + 2 * 2 * 8) << "data and index of at most eight segments of two tracks";
}

TEST_F(RecorderTest, without_key_frames_files_end_after_four_times_their_length) {
  const auto epoch = now_us();
  const Pushed rare{.seconds = 120, .epoch = epoch, .key_each_s = 1'000};
  {
    const auto recorder = open(options());
    RecorderFixture::push(*recorder, rare);
    EXPECT_LE(recorder->find(kSession).at(TrackKind::video).duration_us(),
              20'000'000 + 2 * 16'000'000);
  }

  const auto recorder = open(options());

  const auto media = describe(*recorder);
  ASSERT_FALSE(media.recording.at(TrackKind::video).segments.empty());
  for (const auto& segment : media.recording.at(TrackKind::video).segments) {
    EXPECT_LE(segment.duration_us, 16'000'000);
    EXPECT_FALSE(segment.key);
  }
  for (const auto& segment : media.recording.at(TrackKind::audio).segments)
    EXPECT_TRUE(segment.key);
  const auto mpd = asset_manifest(media);
  EXPECT_THAT(mpd, testing::HasSubstr("contentType=\"video\" mimeType=\"video/mp4\" "
                                      "segmentAlignment=\"true\">"));
  EXPECT_THAT(mpd, testing::HasSubstr("contentType=\"audio\" mimeType=\"audio/mp4\" "
                                      "segmentAlignment=\"true\" startWithSAP=\"1\">"));
}

TEST_F(RecorderTest, without_key_frames_the_bounds_on_bytes_hold) {
  auto small = options();
  small.max_session_bytes = 100'000;
  const auto recorder = open(small);

  RecorderFixture::push(*recorder, {.seconds = 300,
                                    .epoch = now_us(),
                                    .keep = Keep::whole,
                                    .tracks = {1},
                                    .key_each_s = 1'000,
                                    .bytes = 1'000});

  EXPECT_LE(recorder->find(kSession).at(TrackKind::video).bytes(), 100'000U + 32'000U);
}

TEST_F(RecorderTest, a_file_is_bounded_in_bytes) {
  const auto recorder = open(options());

  for (int half = 0; half < 6; ++half)  // each fits into the queue
    RecorderFixture::push(*recorder, {.seconds = 1,
                                      .epoch = 7,
                                      .from_us = half * 1'000'000,
                                      .tracks = {1},
                                      .key_each_s = 1'000,
                                      .bytes = 12U << 20});

  const auto recording = recorder->find(kSession);
  for (const auto& segment : recording.at(TrackKind::video).segments)
    EXPECT_LE(segment.bytes, kMaxSegmentBytes);
  const auto file = dir_ / "big";
  std::ofstream(file).close();
  fs::resize_file(file, RecordingFiles::kMaxReadBytes + 1);
  EXPECT_EQ(RecordingFiles::read(file).code(), ErrorCode::too_large);
  EXPECT_TRUE(RecordingFiles::read(file, 10).ok());
}

TEST_F(RecorderTest, another_process_finds_what_is_whole_and_goes_on_after_a_discontinuity) {
  const auto first = now_us() - 60'000'000, second = now_us();
  push(*open(options()), 6, first);
  const auto folder = dir_.path() / kSession / std::to_string(first);
  // A crash in the midst of writing: a chunk without its line, and a line that was cut off.
  std::ofstream(folder / "video-1.m4s", std::ios::app) << "[1@half";
  std::ofstream(folder / "video-1.idx", std::ios::app) << "6000000 50";

  const auto recorder = open(options());
  EXPECT_EQ(recorder->find(kSession).at(TrackKind::video).duration_us(), 6'000'000);
  const auto last = recorder->read_segment(kSession, TrackKind::video, first, 1);
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last->ends_with("[1@5500000]")) << *last;
  push(*recorder, 2, second);

  const auto playlist = test::read_playlist(playlist_text(*recorder));
  ASSERT_EQ(playlist.segments.size(), 3U);
  EXPECT_TRUE(playlist.segments[2].discontinuity);
  EXPECT_NE(playlist.segments[2].map, playlist.segments[1].map);
}

TEST_F(RecorderTest, a_line_that_promises_more_than_the_file_holds_does_not_count) {
  const auto epoch = now_us();
  push(*open(options()), 2, epoch);
  const auto file = dir_.path() / kSession / std::to_string(epoch) / "video-0.m4s";
  fs::resize_file(file, fs::file_size(file) - 3);

  EXPECT_EQ(open(options())->find(kSession).at(TrackKind::video).duration_us(), 1'500'000);
}

TEST_F(RecorderTest, a_full_queue_loses_chunks_up_to_the_next_key_frame_and_says_so) {
  auto small = options();
  small.max_queued_bytes = 4;
  const auto recorder = open(small);

  push(*recorder, 3, now_us());

  EXPECT_TRUE(recorder->find(kSession).empty());
  EXPECT_THAT(metrics_.expose(), testing::HasSubstr("troupe_live_record_dropped_total 12"));
}

TEST_F(RecorderTest, recordings_go_when_their_time_is_over) {
  auto options_of_old = options();
  const auto long_ago = now_us() - 25 * 3'600'000'000ULL;
  { push(*open(options_of_old), 2, long_ago); }

  const auto recorder = open(options());
  push(*recorder, 1, now_us(), 0, "OTHER");

  const auto until = std::chrono::steady_clock::now() + 5s;
  while (!recorder->find(kSession).empty() && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, now_us(), 0, "OTHER");
  EXPECT_TRUE(recorder->find(kSession).empty());
  EXPECT_FALSE(fs::exists(dir_.path() / kSession));
  EXPECT_FALSE(recorder->find("OTHER").empty());
}

TEST_F(RecorderTest, the_oldest_recordings_go_when_the_disks_share_is_used_up) {
  auto small = options();
  small.max_disk_bytes = 400;
  small.quiet = 0ms;
  const auto recorder = open(small);
  push(*recorder, 4, now_us(), 0, "FIRST");

  const auto until = std::chrono::steady_clock::now() + 5s;
  int seconds = 0;
  while (!recorder->find("FIRST").empty() && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, 7, ++seconds * 1'000'000, "SECOND");

  EXPECT_TRUE(recorder->find("FIRST").empty());
}

TEST_F(RecorderTest, a_whole_recordings_time_begins_when_it_is_finished) {
  const auto long_ago = now_us() - 48 * 3'600'000'000ULL;
  {
    const auto recorder = open(options());
    RecorderFixture::push(*recorder, {120, long_ago, 0, kSession, Keep::whole});
    EXPECT_EQ(recorder->find(kSession).at(TrackKind::video).duration_us(), 120'000'000);
    EXPECT_TRUE(recorder->snapshot(kSession).complete);
  }

  const auto recorder = open(options());
  for (int i = 0; i < 20; ++i) push(*recorder, 1, now_us(), 0, "OTHER");

  EXPECT_EQ(recorder->whole_sessions(), std::vector<std::string>{kSession});
  EXPECT_EQ(recorder->find(kSession).at(TrackKind::video).duration_us(), 120'000'000);
  recorder->finish(kSession);
  for (int i = 0; i < 20; ++i) push(*recorder, 1, now_us(), 0, "OTHER");
  EXPECT_TRUE(recorder->whole_sessions().empty());
  EXPECT_FALSE(recorder->find(kSession).empty()) << "it may have to be handed over";
}

TEST_F(RecorderTest, a_finished_recording_goes_with_its_time) {
  auto brief = options();
  brief.keep = 1s;
  const auto recorder = open(brief);
  RecorderFixture::push(*recorder, {20, now_us(), 0, kSession, Keep::whole});
  recorder->finish(kSession);

  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!recorder->find(kSession).empty() && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, now_us(), 0, "OTHER");

  EXPECT_TRUE(recorder->find(kSession).empty());
}

TEST_F(RecorderTest, a_whole_recording_loses_its_beginning_at_its_bound_and_says_so) {
  auto small = options();
  small.max_session_bytes = 2'000;
  const auto recorder = open(small);

  RecorderFixture::push(*recorder, {120, now_us(), 0, kSession, Keep::whole});
  recorder->push_thumbnail(kSession, 1, thumbnail(0, "not of this publication"));

  const auto kept = recorder->snapshot(kSession);
  std::uint64_t bytes = 0;
  for (const auto& [kind, track] : kept.recording) bytes += track.bytes();
  EXPECT_FALSE(kept.complete);
  EXPECT_LE(bytes, 2'400U) << "the bound and what is being written";
  EXPECT_GT(bytes, 1'500U);
  EXPECT_EQ(kept.recording.at(TrackKind::video).segments.back().start_us +
                kept.recording.at(TrackKind::video).segments.back().duration_us,
            120'000'000);
  EXPECT_TRUE(kept.thumbnails.empty());
  EXPECT_THAT(metrics_.expose(), testing::HasSubstr("troupe_live_record_trimmed_bytes_total"));
}

TEST_F(RecorderTest, a_whole_recording_that_made_room_never_says_again_that_it_is_complete) {
  auto small = options();
  small.max_disk_bytes = 400;
  small.quiet = 0ms;
  {
    const auto recorder = open(small);
    RecorderFixture::push(*recorder, {10, 7, 0, kSession, Keep::whole});
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!recorder->find(kSession).empty() && std::chrono::steady_clock::now() < until)
      push(*recorder, 1, now_us(), 0, "OTHER");
    ASSERT_TRUE(recorder->find(kSession).empty());
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path() / kSession), {}), 2) << "marks";
  }

  for (const std::int64_t from_us : {100'000'000, 102'000'000}) {  // another process, twice
    const auto recorder = open(options());
    EXPECT_EQ(recorder->whole_sessions(), std::vector<std::string>{kSession});
    RecorderFixture::push(*recorder, {2, 7, from_us, kSession, Keep::whole});

    const auto kept = recorder->snapshot(kSession);

    EXPECT_FALSE(kept.recording.empty());
    EXPECT_FALSE(kept.complete);
  }
}

TEST_F(RecorderTest, who_is_being_written_is_trimmed_and_not_thrown_away) {
  auto small = options();
  small.max_disk_bytes = 1'000;
  small.quiet = 1h;
  const auto recorder = open(small);

  std::uint64_t bytes = 0;
  const auto until = std::chrono::steady_clock::now() + 5s;
  int seconds = 0;
  do {
    RecorderFixture::push(*recorder, {20, 7, ++seconds * 20'000'000, kSession, Keep::whole});
    bytes = 0;
    for (const auto& [kind, track] : recorder->find(kSession)) bytes += track.bytes();
  } while ((bytes == 0 || bytes > 1'800) && std::chrono::steady_clock::now() < until);

  EXPECT_GT(bytes, 0U);
  EXPECT_LE(bytes, 1'800U);
}

TEST_F(RecorderTest, a_picture_that_never_comes_does_not_hinder_the_sound) {
  const auto recorder = open(options());
  RecorderFixture::push(*recorder, {40, now_us(), 0, kSession, Keep::window, {2}, {1, 2}});

  const auto recording = recorder->find(kSession);

  EXPECT_FALSE(recording.contains(TrackKind::video));
  EXPECT_LE(recording.at(TrackKind::audio).duration_us(), 29'000'000);
}

TEST_F(RecorderTest, what_is_held_does_not_go) {
  { push(*open(options()), 2, now_us() - 48 * 3'600'000'000ULL); }
  const auto recorder = open(options());  // its age counts from its last chunk
  recorder->hold(kSession);
  for (int i = 0; i < 20; ++i) push(*recorder, 1, now_us(), 0, "OTHER");
  EXPECT_FALSE(recorder->find(kSession).empty());

  recorder->release(kSession);

  const auto until = std::chrono::steady_clock::now() + 5s;
  while (!recorder->find(kSession).empty() && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, now_us(), 0, "OTHER");
  EXPECT_TRUE(recorder->find(kSession).empty());
}

TEST_F(RecorderTest, files_of_a_session_that_is_silent_are_closed) {
  auto impatient = options();
  impatient.quiet = 0ms;
  const auto recorder = open(impatient);
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  for (int i = 0; i < 20; ++i) push(*recorder, 1, now_us(), 0, "S" + std::to_string(i));

  const auto until = std::chrono::steady_clock::now() + 5s;
  while (open_files() > before + 8 && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, now_us(), 0, "OTHER");

  EXPECT_LE(open_files(), before + 8);
}

TEST_F(RecorderTest, names_that_lead_elsewhere_are_ignored) {
  const auto recorder = open(options());
  const std::vector<std::string> names{"", "..", "../x", "a/b", ".hidden", std::string(65, 'a')};
  for (const auto& name : names) push(*recorder, 1, now_us(), 0, name);

  EXPECT_TRUE(fs::is_empty(dir_.path()));
  EXPECT_EQ(recorder->read_init("../x", TrackKind::video, 1).code(), ErrorCode::not_found);
}

TEST_F(RecorderTest, the_playlists_name_what_is_there) {
  const auto recorder = open(options());
  push(*recorder, 10, 1'700'000'000'000'000);

  const auto media = describe(*recorder);

  EXPECT_THAT(asset_playlist(media),
              testing::HasSubstr("CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360"));
  const auto list = test::read_playlist(asset_playlist(media, TrackKind::video));
  EXPECT_TRUE(list.ended);
  EXPECT_EQ(list.segments.front().date_time, "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(list.segments.front().uri, "segment-1700000000000000-0.m4s");
}

TEST_F(RecorderTest, a_disk_that_refuses_costs_what_lies_before_the_next_key_frame) {
  const auto epoch = now_us();
  const auto recorder = open(options());
  push(*recorder, 1, epoch);
  // The second file of the picture is where nothing can be written.
  fs::create_symlink("/dev/full", dir_.path() / kSession / std::to_string(epoch) / "video-1.m4s");

  push(*recorder, 9, epoch, 1'000'000);

  std::string all;
  const auto kept = recorder->find(kSession);
  for (const auto& segment : kept.at(TrackKind::video).segments)
    all += *recorder->read_segment(kSession, TrackKind::video, epoch, segment.number);
  EXPECT_THAT(all, testing::HasSubstr("[1@3500000][1@5000000]")) << "from key frame to key frame";
  EXPECT_TRUE(all.ends_with("[1@9500000]"));
  EXPECT_THAT(metrics_.expose(), testing::HasSubstr("troupe_live_record_errors_total 1\n"));
}

}  // namespace
}  // namespace troupe::media

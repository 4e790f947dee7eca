// The recorder on a real directory.
#include "media/recording/recorder.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "tests/support/hls_rules.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr const char* kSession = "01JD3Z2Q8W5N7X4V6T0R9S1M2K";

std::shared_ptr<const std::vector<Track>> tracks() {
  Track video;
  video.id = 1;
  video.codecs = "avc1.64001f";
  video.mime = "video/mp4; codecs=\"avc1.64001f\"";
  video.width = 640;
  video.height = 360;
  video.init = std::make_shared<const std::string>("video init");
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.codecs = "mp4a.40.2";
  audio.channels = 2;
  audio.init = std::make_shared<const std::string>("audio init");
  return std::make_shared<const std::vector<Track>>(std::vector{video, audio});
}

class RecorderTest : public testing::Test {
 protected:
  RecorderOptions options() {
    RecorderOptions made;
    made.directory = dir_.path();
    made.window_us = 20'000'000;
    made.sweep_every = 1ms;
    return made;
  }
  std::unique_ptr<Recorder> open(RecorderOptions options) {
    return std::move(*Recorder::open(std::move(options), metrics_));
  }

  /// `seconds` of picture and sound, chunks of half a second, a key frame each second.
  static void push(Recorder& recorder, int seconds, std::uint64_t epoch, std::int64_t from_us = 0,
                   const std::string& session = kSession) {
    for (int half = 0; half < 2 * seconds; ++half) {
      for (const std::uint32_t track : {1U, 2U}) {
        auto chunk = std::make_shared<Chunk>();
        chunk->track = track;
        chunk->start_us = from_us + half * 500'000;
        chunk->duration_us = 500'000;
        chunk->key = track == 2 || half % 2 == 0;
        chunk->bytes = std::make_shared<const std::string>("[" + std::to_string(track) + "@" +
                                                           std::to_string(chunk->start_us) + "]");
        recorder.push(session, epoch, tracks(), chunk);
      }
    }
    recorder.flush();
  }
  [[nodiscard]] static std::uint64_t now_us() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
  }

  test::TempDir dir_;
  Metrics metrics_;
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
    EXPECT_LE(track.duration_us(), 25'000'000) << "a segment more than the window";
  }
  const auto files = std::distance(fs::recursive_directory_iterator(dir_.path()), {});
  EXPECT_LE(files, 2 + 3 + 2 * 2 * 7) << "data and index of at most seven segments of two tracks";
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

  const auto playlist =
      test::read_playlist(recording_playlist(recorder->find(kSession).at(TrackKind::video)));
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
  const auto recorder = open(small);
  push(*recorder, 4, now_us(), 0, "FIRST");

  const auto until = std::chrono::steady_clock::now() + 5s;
  int seconds = 0;
  while (!recorder->find("FIRST").empty() && std::chrono::steady_clock::now() < until)
    push(*recorder, 1, 7, ++seconds * 1'000'000, "SECOND");

  EXPECT_TRUE(recorder->find("FIRST").empty());
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

  const auto recording = recorder->find(kSession);
  EXPECT_THAT(recording_playlist(recording),
              testing::HasSubstr("CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=640x360"));
  const auto list = test::read_playlist(recording_playlist(recording.at(TrackKind::video)));
  EXPECT_TRUE(list.ended);
  EXPECT_EQ(list.segments.front().date_time, "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(list.segments.front().uri, "segment-1700000000000000-0.m4s");
}

}  // namespace
}  // namespace troupe::media

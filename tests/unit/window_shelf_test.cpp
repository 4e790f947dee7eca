// The rewind window on disk: what is there after the process died.
#include "media/recording/window_shelf.hpp"

#include <fstream>
#include <limits>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "media/recording/shelf_records.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kChunkUs = 100'000;

Track track(std::uint32_t id, TrackKind kind) {
  Track out;
  out.id = id;
  out.kind = kind;
  out.codecs = kind == TrackKind::video ? "avc1.64001f" : "mp4a.40.2";
  out.timescale = 90'000;
  out.width = kind == TrackKind::video ? 640 : 0;
  out.init = std::make_shared<const std::string>("init " + std::to_string(id));
  return out;
}

const WindowOptions kWindow{.segment_us = 1'000'000, .part_us = 200'000, .window_us = 12'000'000};

/// A session, its window and the shelf that it is put on.
class WindowShelfTest : public ::testing::Test {
 protected:
  std::unique_ptr<WindowShelf> open(std::chrono::seconds keep = std::chrono::seconds(120),
                                    std::size_t max_queued_bytes = 64U << 20) {
    return std::move(*WindowShelf::open(
        {.directory = directory_, .keep = keep, .max_queued_bytes = max_queued_bytes}, metrics_));
  }

  /// Tenths of a second of picture and sound, from `from` on; a key frame each second.
  void play(WindowShelf& shelf, int from, int to) {
    feed(shelf, from, to);
    shelf.flush();
  }
  /// The same without waiting for the disk.
  void feed(WindowShelf& shelf, int from, int to) {
    for (int i = from; i < to; ++i) {
      for (const std::uint32_t id : {1U, 2U}) {
        Chunk chunk;
        chunk.track = id;
        chunk.start_us = i * kChunkUs;
        chunk.duration_us = kChunkUs;
        chunk.key = id == 2 || i % 10 == 0;
        chunk.wall_us = 1'700'000'000'000'000 + chunk.start_us + kChunkUs;
        chunk.bytes = std::make_shared<const std::string>("chunk " + std::to_string(id) + " " +
                                                          std::to_string(i));
        if (window_.push(chunk)) shelf.put(session_, window_, mark_);
      }
    }
  }

  void begin(std::uint64_t epoch) {
    window_.begin(epoch, {track(1, TrackKind::video), track(2, TrackKind::audio)});
  }

  troupe::test::TempDir dir_;
  const fs::path directory_{dir_ / "windows"};
  Metrics metrics_;
  const std::string session_ = make_id_string();
  SegmentWindow window_{kWindow};
  ShelfMark mark_;
};

TEST_F(WindowShelfTest, what_was_whole_is_there_with_the_same_numbers_times_and_bytes) {
  begin(1'700'000'000'000'000);
  {
    auto shelf = open();
    play(*shelf, 0, 34);
  }

  auto loaded = open()->take_loaded();

  ASSERT_EQ(loaded.size(), 1U);
  ASSERT_TRUE(loaded.contains(session_));
  const SegmentWindow found(kWindow, std::move(loaded.at(session_)));
  ASSERT_EQ(found.renditions().size(), 2U);
  EXPECT_EQ(found.epoch(), window_.epoch());
  EXPECT_EQ(found.origin_us(), window_.origin_us());
  const auto& before = *window_.find(TrackKind::video);
  const auto& after = *found.find(TrackKind::video);
  EXPECT_EQ(after.track.codecs, before.track.codecs);
  EXPECT_EQ(*after.inits.at(window_.epoch()), "init 1");
  EXPECT_EQ(after.part_target_us, before.part_target_us);
  EXPECT_EQ(after.next_number, before.next_number);
  ASSERT_EQ(after.segments.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto &a = after.segments[i], &b = before.segments[i];
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.ordinal, b.ordinal);
    EXPECT_EQ(a.start_us, b.start_us);
    EXPECT_EQ(a.wall_us, b.wall_us);
    EXPECT_EQ(a.independent, b.independent);
    EXPECT_TRUE(a.complete);
    if (b.complete) {
      EXPECT_EQ(*a.bytes, *b.bytes);
    }
  }
  EXPECT_EQ(*after.segments.back().bytes, "chunk 1 30chunk 1 31chunk 1 32chunk 1 33");
  EXPECT_EQ(after.segments.back().duration_us, 4 * kChunkUs);
}

TEST_F(WindowShelfTest, the_next_publication_goes_on_behind_it_and_is_kept_too) {
  begin(1'700'000'000'000'000);
  {
    auto shelf = open();
    play(*shelf, 0, 25);
  }
  const auto next = window_.find(TrackKind::video)->next_number;
  auto shelf = open();
  window_ = SegmentWindow(kWindow, std::move(shelf->take_loaded().at(session_)));
  mark_ = ShelfMark(window_);

  begin(1'700'000'009'000'000);
  play(*shelf, 0, 12);
  shelf.reset();
  auto loaded = open()->take_loaded();

  const SegmentWindow found(kWindow, std::move(loaded.at(session_)));
  const auto& video = *found.find(TrackKind::video);
  ASSERT_EQ(video.segments.size(), 5U);
  EXPECT_EQ(video.segments[3].number, next);
  EXPECT_TRUE(video.segments[3].discontinuity);
  EXPECT_EQ(video.segments[3].epoch, 1'700'000'009'000'000U);
  EXPECT_EQ(*video.segments[2].bytes, "chunk 1 20chunk 1 21chunk 1 22chunk 1 23") << "whole parts";
  EXPECT_EQ(video.inits.size(), 2U);
}

TEST_F(WindowShelfTest, what_left_the_window_leaves_the_disk) {
  begin(1'700'000'000'000'000);
  auto shelf = open();

  play(*shelf, 0, 400);

  const auto folder = directory_ / session_ / "video";
  const auto files = std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  EXPECT_EQ(files, std::ssize(window_.find(TrackKind::video)->segments) + 1) << "and the init";
  shelf->forget(session_);
  shelf->flush();
  EXPECT_FALSE(fs::exists(directory_ / session_));
}

TEST_F(WindowShelfTest, damage_costs_what_is_damaged_and_before_it) {
  begin(1'700'000'000'000'000);
  {
    auto shelf = open();
    play(*shelf, 0, 40);
  }
  const auto& segments = window_.find(TrackKind::video)->segments;
  const auto file = [&](std::size_t i) {
    return directory_ / session_ / "video" / ("s" + std::to_string(segments[i].number));
  };
  std::ofstream(file(0), std::ios::trunc) << "rubbish";
  fs::resize_file(file(3), fs::file_size(file(3)) - 1);  // as a kill in the midst of a write

  const SegmentWindow found(kWindow, std::move(open()->take_loaded().at(session_)));

  const auto& video = *found.find(TrackKind::video);
  ASSERT_EQ(video.segments.size(), 3U);
  EXPECT_EQ(video.segments.front().number, segments[1].number);
  EXPECT_EQ(video.segments.back().parts.size(), segments[3].parts.size() - 1);
}

TEST_F(WindowShelfTest, what_a_full_queue_refused_is_kept_once_there_is_room) {
  begin(1'700'000'000'000'000);
  auto shelf = open(std::chrono::seconds(120), 8'192);
  // The disk hangs: what is written first waits for a reader.
  const auto other = make_id_string();
  const auto gate = directory_ / other / "video" / "i1";
  fs::create_directories(gate.parent_path());
  ASSERT_EQ(::mkfifo(gate.c_str(), 0600), 0);
  SegmentWindow hanging(kWindow);
  ShelfMark of_it;
  hanging.begin(1, {track(1, TrackKind::video)});
  shelf->put(other, hanging, of_it);

  feed(*shelf, 0, 57);
  EXPECT_EQ(metrics_.expose().find("troupe_live_window_dropped_total 0\n"), std::string::npos)
      << "the queue was full";
  std::ifstream(gate, std::ios::binary).ignore(std::numeric_limits<std::streamsize>::max());
  shelf->flush();
  for (int i = 57; i < 70; ++i) play(*shelf, i, i + 1);
  shelf->forget(other);
  shelf.reset();

  const SegmentWindow found(kWindow, std::move(open()->take_loaded().at(session_)));
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    const auto &before = *window_.find(kind), &after = *found.find(kind);
    ASSERT_EQ(after.segments.size(), before.segments.size());
    for (std::size_t i = 0; i < before.segments.size(); ++i) {
      EXPECT_EQ(after.segments[i].parts.size(), before.segments[i].parts.size()) << i;
      if (before.segments[i].complete) {
        EXPECT_EQ(*after.segments[i].bytes, *before.segments[i].bytes) << i;
      }
    }
  }
}

TEST_F(WindowShelfTest, old_windows_and_foreign_folders_go) {
  begin(1'700'000'000'000'000);
  {
    auto shelf = open();
    play(*shelf, 0, 20);
  }
  fs::create_directories(directory_ / "not an id");

  EXPECT_TRUE(open(std::chrono::seconds(-1))->take_loaded().empty());
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST(ShelfRecords, every_truncation_is_read_as_far_as_it_is_whole) {
  ShelfHead head;
  head.segment.number = 7;
  head.origin_us = 5;
  const Part part{200'000, true, std::make_shared<const std::string>("bytes")};
  const auto whole = write_head(head) + write_part(0, part) + write_part(1, part);

  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const auto found = read_segment_file(std::string_view(whole).substr(0, length));
    const auto parts = length == whole.size()                                ? 2U
                       : length >= whole.size() - write_part(1, part).size() ? 1U
                                                                             : 0U;
    ASSERT_EQ(found.has_value(), parts > 0) << length;
    if (found) {
      EXPECT_EQ(found->segment.parts.size(), parts) << length;
    }
  }
  const auto foreign = write_track(track(1, TrackKind::video));
  EXPECT_FALSE(read_segment_file(foreign).has_value());
  EXPECT_FALSE(read_track(whole).has_value());
  EXPECT_EQ(read_track(foreign)->codecs, "avc1.64001f");
}

}  // namespace
}  // namespace troupe::media

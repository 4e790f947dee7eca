// What a window holds of streams whose times say little of their bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/hls_rules.hpp"
#include "tests/support/publication.hpp"

namespace troupe::test {
namespace {

constexpr std::size_t kMiB = 1U << 20;

/// Pictures in chunks of so much, one of `step_us` after the other, without a key frame but the
/// first.
class HeavyStream {
 public:
  HeavyStream(std::size_t bytes, std::int64_t step_us)
      : bytes_(std::make_shared<const std::string>(bytes, 'x')), step_us_(step_us) {
    window_.begin(kStartUs, {tracks().front()});
  }
  void push(int count) {
    for (int i = 0; i < count; ++i, ++pushed_) {
      Chunk chunk;
      chunk.track = 1;
      chunk.start_us = pushed_ * step_us_;
      chunk.duration_us = step_us_;
      chunk.key = pushed_ == 0;
      chunk.wall_us = kStartUs + chunk.start_us + step_us_;
      chunk.bytes = bytes_;
      window_.push(chunk);
    }
  }
  /// Everything that it holds, parts and whole segments.
  [[nodiscard]] std::size_t held() const {
    std::size_t all = 0;
    for (const auto& piece : window_.under_way(video_of(window_))) all += piece->size();
    for (const auto& segment : video_of(window_).segments) {
      if (!segment.complete) continue;
      all += segment.bytes->size();
      for (const auto& part : segment.parts) all += part.bytes ? part.bytes->size() : 0;
    }
    return all;
  }
  [[nodiscard]] const SegmentWindow& window() const noexcept { return window_; }

 private:
  SegmentWindow window_{{.max_bytes = 16 * kMiB}};
  const SharedBytes bytes_;
  const std::int64_t step_us_;
  std::int64_t pushed_ = 0;
};

TEST(WindowBoundsTest, where_times_hardly_rise_segments_and_window_are_bounded_in_bytes) {
  HeavyStream stream(16 * kMiB, 1'000);

  stream.push(30);

  EXPECT_GE(video_of(stream.window()).segments.size(), 2U);
  for (const auto& segment : video_of(stream.window()).segments) {
    if (segment.complete) {
      EXPECT_LE(segment.bytes->size(), 64 * kMiB);
    }
  }
  // One under way, one whole with its parts, one that is more than twice the bound's rest.
  EXPECT_LE(stream.held(), 3 * 64 * kMiB);
  const auto list =
      read_playlist(media_playlist(stream.window(), video_of(stream.window()), false, ""));
  EXPECT_THAT(list.objections, testing::IsEmpty());
}

TEST(WindowBoundsTest, three_target_durations_stay_up_to_twice_the_bound) {
  HeavyStream stream(kMiB / 4, 200'000);  // 10 Mbit/s: 15 MiB in three target durations

  stream.push(400);

  std::int64_t length_us = 0;
  for (const auto& segment : video_of(stream.window()).segments) length_us += segment.duration_us;
  EXPECT_GE(length_us, 12'000'000);
  EXPECT_LE(stream.held(), 64 * kMiB);
}

}  // namespace
}  // namespace troupe::test

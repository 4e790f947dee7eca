// Captions of a live window as WebVTT (W3C Recommendation, and RFC 8216bis section 3.1.4). Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace troupe::media {

/// What the screen showed when. Not thread-safe.
class CaptionBook {
 public:
  static constexpr std::size_t kMaxCues = 4'096;

  /// Beyond `max_cues` the oldest go.
  explicit CaptionBook(std::size_t max_cues = kMaxCues) : max_cues_(max_cues) {}

  /// From `start_us` of the publication on the screen shows `text`; empty: nothing.
  void add(std::uint64_t epoch, std::int64_t start_us, std::string text);
  [[nodiscard]] bool empty() const noexcept { return cues_.empty(); }
  /// A file with the cues of that span of time, cut to it; times are those of the media.
  [[nodiscard]] std::string webvtt(std::uint64_t epoch, std::int64_t from_us,
                                   std::int64_t to_us) const;
  /// The cues alone, each `shift_us` later, for a file that puts several spans one after the other.
  [[nodiscard]] std::string cues(std::uint64_t epoch, std::int64_t from_us, std::int64_t to_us,
                                 std::int64_t shift_us) const;

 private:
  struct Cue {
    std::uint64_t epoch = 0;
    std::int64_t start_us = 0, end_us = 0;
    std::string text;
  };
  std::size_t max_cues_;
  std::deque<Cue> cues_;
};

}  // namespace troupe::media

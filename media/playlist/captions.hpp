// Captions of a live window as WebVTT (W3C Recommendation, and RFC 8216bis section 3.1.4). Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::media {

/// Folder of the captions as WebVTT. Those of other channels are "captions-cc3", "captions-s1".
inline constexpr std::string_view kCaptionsFolder = "captions";
[[nodiscard]] bool is_captions_folder(std::string_view folder) noexcept;

/// One text that players may choose.
struct CaptionTrack {
  std::string folder = std::string(kCaptionsFolder);
  std::string name = "Captions";
  std::string language;  ///< BCP 47; empty: nobody said

  friend bool operator==(const CaptionTrack&, const CaptionTrack&) = default;
};

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

/// The captions of a session by track, in the order in which they were first seen.
class CaptionShelf {
 public:
  static constexpr std::size_t kMaxTracks = 10;

  void add(const CaptionTrack& track, std::uint64_t epoch, std::int64_t start_us, std::string text);
  /// Those that have shown something.
  [[nodiscard]] const std::vector<CaptionTrack>& tracks() const noexcept { return tracks_; }
  /// Null: no such track.
  [[nodiscard]] const CaptionBook* find(std::string_view folder) const noexcept;

 private:
  std::vector<CaptionTrack> tracks_;
  std::deque<CaptionBook> books_;  ///< of the track with the same index
};

}  // namespace troupe::media

// What of a recording has to go. Pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "media/recording/recording.hpp"

namespace troupe::media {

struct Trimmed {
  std::vector<std::pair<TrackKind, RecordedSegment>> segments;
  std::vector<std::uint64_t> epochs;  ///< publications of which nothing is left
  std::uint64_t bytes = 0;

  [[nodiscard]] bool empty() const noexcept { return segments.empty(); }
};

/// Takes out what lies more than `window_us` before each track's end, whole segments at a time.
Trimmed trim_to_window(Recording& recording, std::int64_t window_us);

/// Takes out the oldest segments, of whichever track, until no more than `max_bytes` are left; the
/// newest of each track stays.
Trimmed trim_to_bytes(Recording& recording, std::uint64_t max_bytes);

[[nodiscard]] std::uint64_t bytes_of(const Recording& recording) noexcept;

}  // namespace troupe::media

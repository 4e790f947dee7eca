// What stands in the files of a window shelf. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/playlist/segment_window.hpp"

namespace troupe::media {

/// Before the first part of a segment: the segment without parts and bytes, and what its rendition
/// and window had when it began.
struct ShelfHead {
  Segment segment;
  std::uint64_t discontinuities = 0;  ///< before this segment
  std::int64_t part_target_us = 0, chunk_us = 0;
  std::optional<std::int64_t> origin_us;
};

[[nodiscard]] std::string write_head(const ShelfHead& head);
[[nodiscard]] std::string write_part(std::size_t index, const Part& part);

/// A segment's file: its head, and as many parts as are whole and follow each other. Their bytes
/// are in `segment.bytes` too, and it is complete. Nothing: it has no head or no part. Any bytes
/// are fine as input.
[[nodiscard]] std::optional<ShelfHead> read_segment_file(std::string_view file);

[[nodiscard]] std::string write_track(const Track& track);
/// Any bytes are fine as input.
[[nodiscard]] std::optional<Track> read_track(std::string_view file);

}  // namespace troupe::media

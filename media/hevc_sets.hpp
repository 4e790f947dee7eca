// Parameter sets of HEVC where they stand in the stream (ITU-T H.265 annex B). Pure.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace troupe::media {

/// The video, sequence and picture parameter sets that stand before the first slice, as NAL units
/// without start codes.
[[nodiscard]] std::set<std::string> hevc_parameter_sets(std::span<const std::uint8_t> annex_b);

}  // namespace troupe::media

// A chunk moved along its timeline, without packaging it anew.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace troupe::media {

/// `bytes` ([`prft`] `moof` `mdat`, as Chunk has them) with all decode times later by `ticks` of
/// the track's timescale (earlier when negative) and `fragment` as its number in `mfhd`. Errors:
/// corrupt (no such boxes, a time before zero).
[[nodiscard]] Result<std::string> retime_chunk(const std::string& bytes, std::int64_t ticks,
                                               std::uint32_t fragment);

}  // namespace troupe::media

// Fragmented MP4 (ISO/IEC 14496-12) from outside: which samples a fragment holds. Pure; nothing is
// allocated by what the bytes promise, only by what they hold.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::media {

/// A track of the `moov` that opens the stream.
struct Mp4Track {
  std::uint32_t id = 0;
  std::int64_t media_time = 0;  ///< of its edit list: decode times are counted from here
  // Of `trex`: what fragments do not say themselves.
  std::uint32_t duration = 0, size = 0, flags = 0;
  /// Where a fragment without `tfdt` goes on.
  std::int64_t next_dts = 0;
};

struct Mp4Sample {
  std::uint32_t track = 0;
  std::int64_t dts = 0;          ///< in the track's timescale
  std::int64_t composition = 0;  ///< from decoding to showing
  bool key = false;
  std::uint64_t position = 0;  ///< of its first byte, in the stream
  std::uint32_t size = 0;
};

inline constexpr std::size_t kMaxMp4Tracks = 16;
inline constexpr std::size_t kMaxFragmentSamples = 10'000;

/// `moov`: the payload of that box. Errors: corrupt; unsupported (there are samples in it: the file
/// is not fragmented).
[[nodiscard]] Result<std::vector<Mp4Track>> parse_mp4_tracks(std::string_view moov);

/// `moof`: the payload of that box, which begins at `position` in the stream, header included.
/// Samples in the order of their positions; those of tracks that are not in `tracks` are left out.
/// Errors: corrupt, too_large (more than kMaxFragmentSamples, of whatever tracks).
[[nodiscard]] Result<std::vector<Mp4Sample>> parse_mp4_fragment(std::string_view moof,
                                                                std::uint64_t position,
                                                                std::vector<Mp4Track>& tracks);

}  // namespace troupe::media

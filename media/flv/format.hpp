// What FLV has to know of a CMAF track, and the samples of its chunks. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/encoded.hpp"
#include "media/mp4_fragments.hpp"

namespace troupe::media::flv {

struct Format {
  std::uint32_t track = 0;
  TrackKind kind = TrackKind::video;
  VideoCodec video_codec = VideoCodec::h264;
  std::string config;  ///< payload of `avcC`, `hvcC` or `av1C`; an AudioSpecificConfig
  std::uint32_t timescale = 0;
  int width = 0, height = 0;
  int sample_rate = 0, channels = 0;
  std::vector<Mp4Track> defaults;  ///< of its `moov`

  /// Whether a player that has one of the two needs nothing to take the other.
  [[nodiscard]] bool same_as(const Format& other) const noexcept;
};

/// Errors: unsupported (a codec that players of FLV do not take: VP9, Opus), corrupt.
[[nodiscard]] Result<Format> read_format(const Track& track);

struct Sample {
  bool key = false;
  std::int64_t decode_us = 0, show_us = 0;  ///< on the session's timeline
  std::string_view bytes;                   ///< in the chunk
};
/// Errors: corrupt, too_large.
[[nodiscard]] Result<std::vector<Sample>> read_samples(const Chunk& chunk, Format& format);

}  // namespace troupe::media::flv

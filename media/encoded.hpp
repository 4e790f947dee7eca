// Frames of an encoder whose protocol tells where each begins and ends (RTMP): there is nothing to
// demux and nothing to probe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/packager.hpp"

namespace troupe::media {

enum class VideoCodec : std::uint8_t { h264, hevc, av1 };

/// What the encoder says before its first frame.
struct EncodedFormat {
  VideoCodec video_codec = VideoCodec::h264;
  std::string
      video_config;  ///< payload of `avcC`, `hvcC` or `av1C` (ISO/IEC 14496-15, AV1-ISOBMFF)
  std::string audio_config;  ///< AudioSpecificConfig (ISO/IEC 14496-3); empty: there is no sound
};

struct EncodedFrame {
  TrackKind kind = TrackKind::video;
  bool key = false;
  std::int64_t decode_ms = 0;
  std::int64_t composition_ms = 0;  ///< from decoding to showing
  std::string bytes;  ///< length-prefixed NAL units, an AV1 temporal unit, or a raw AAC frame
  std::chrono::steady_clock::time_point arrived;  ///< its last byte
};

/// The next frame, nothing at the end. May block; the packager runs on a thread of its own.
using FrameSource = std::function<std::optional<EncodedFrame>()>;

/// As package_stream, from frames: a track is announced with its first key frame, and a frame
/// leaves with the chunk that it completes, at once when `chunk_ms` is 0. Errors: corrupt,
/// too_large.
Result<PackageStats> package_frames(const EncodedFormat& format, const FrameSource& source,
                                    const PackageSink& sink, const PackagerOptions& options);

}  // namespace troupe::media

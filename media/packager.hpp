// From an encoder's byte stream to CMAF: demux, repair the clock, cut into chunks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::media {

/// How the bytes of a stream are laid out.
enum class Container : std::uint8_t {
  mpegts,          ///< H.264, HEVC; AAC
  fragmented_mp4,  ///< H.264, HEVC, AV1, VP9; AAC, Opus
  webm,            ///< the same as a browser's recorder writes them
};

struct PackagerOptions {
  Container container = Container::mpegts;
  /// Length of a video chunk; 0: each frame is one. Audio chunks have the same length. A key frame
  /// always begins one.
  int chunk_ms = 100;
  /// Bounds on finding out what the stream holds.
  std::int64_t probe_bytes = 500'000;
  std::int64_t analyze_us = 1'500'000;
};

/// Where the bytes come from: fills `buffer` with at least one byte and returns how many; 0 at the
/// end of the stream. May block; the packager runs on a thread of its own.
using ByteSource = std::function<std::size_t(std::span<std::uint8_t> buffer)>;

/// What happens with the result. All are called on the packager's thread.
struct PackageSink {
  std::function<void(std::vector<Track>)> tracks;  ///< once, before the first chunk
  /// False ends the packaging (the session has ended).
  std::function<bool(ChunkPtr)> chunk;
};

struct PackageStats {
  std::uint64_t video_frames = 0;
  std::uint64_t audio_frames = 0;
  std::uint64_t dropped_audio_frames = 0;  ///< so that sound keeps up with its picture
  std::uint64_t bytes_out = 0;
  std::uint64_t repaired_timestamps = 0;  ///< jumps and steps back that were evened out
};

/// Reads a stream with one video and at most one audio track (more are ignored) in a codec that its
/// container has above, until the end of the source, and hands out one CMAF track per elementary
/// stream (ISO/IEC 23000-19). Timestamps are moved to start at 0; a jump of more than ten seconds
/// or a step back is closed, so that the timeline goes on. MPEG-TS tells the end of a frame only by
/// the beginning of the next one: video leaves one frame later than it came; in the others it
/// leaves with its last byte. Errors: unsupported (no video, another codec, an MP4 that is not
/// fragmented), corrupt (not that format, no parameter sets), too_large (a frame, the frames
/// of a chunk, a picture), io.
Result<PackageStats> package_stream(const ByteSource& source, const PackageSink& sink,
                                    const PackagerOptions& options);

}  // namespace troupe::media

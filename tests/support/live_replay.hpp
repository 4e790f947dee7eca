// A publisher without a network: ffmpeg encodes a short clip once, and its fragments are played in
// real time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/chunk.hpp"

namespace troupe::test {

struct Clip {
  std::vector<media::Track> tracks;  ///< 1: H.264 with a key frame each second, 2: AAC
  std::vector<media::Chunk>
      chunks;  ///< In the order of their end; wall clock and completion not set.
  std::int64_t duration_us = 0;
};

struct ClipOptions {
  int seconds = 2;
  int video_kbit = 400;
  std::string size = "320x180";
  int fps = 30;
  bool opus = false;  ///< the sound, as browsers publish it; else AAC
};

/// Encodes with ffmpeg (test picture, tone). Throws std::runtime_error when that fails.
Clip make_clip(const ClipOptions& options);

/// The clip repeated for ever: chunk `index` counts over all repetitions, with decode times,
/// fragment numbers and `prft` (now) written into its bytes, as a packager would have made them at
/// this moment.
media::ChunkPtr clip_chunk(const Clip& clip, std::uint64_t index);
/// When that chunk is complete, on the timeline that starts at 0.
std::int64_t clip_due_us(const Clip& clip, std::uint64_t index);

}  // namespace troupe::test

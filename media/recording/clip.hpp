// A part of a recording as one file that plays anywhere.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/recording/recording.hpp"

namespace troupe::media {

/// Where a clip begins and ends.
enum class ClipCut : std::uint8_t {
  key_frame,  ///< begins at the last key frame at or before the beginning; nothing is encoded anew
  picture,    ///< with the picture that was on; all pictures are encoded anew, sound is not
};

/// Which bytes a clip is made of. All of one publication.
struct ClipPlan {
  struct Piece {
    std::filesystem::path file;
    std::uint64_t bytes = 0;  ///< from its beginning
  };
  struct Source {
    TrackKind kind = TrackKind::video;
    std::vector<Piece> pieces;  ///< init segment, then segments in order
  };
  std::uint64_t epoch = 0;
  std::int64_t from_us = 0, to_us = 0;  ///< wanted, on the publication's timeline
  ClipCut cut = ClipCut::key_frame;
  std::vector<Source> sources;
  std::uint64_t bytes = 0;
};

/// From `from_us` to `to_us`, Unix microseconds, of the publication that was on at the beginning
/// (or began first after it). Errors: not_found (nothing is recorded of that time),
/// invalid_argument.
[[nodiscard]] Result<ClipPlan> plan_clip(const RecordingFiles& files, const std::string& session,
                                         const Recording& recording, std::int64_t from_us,
                                         std::int64_t to_us);

struct ClipOutcome {
  std::int64_t from_us = 0, to_us = 0;  ///< what it holds, Unix microseconds
  std::uint64_t bytes = 0;
  std::uint64_t pictures = 0;

  friend bool operator==(const ClipOutcome&, const ClipOutcome&) = default;
};
/// Writes a fragmented MP4 (ISO/IEC 14496-12) with both tracks, to the last frame before the end.
/// Blocks on the disk. Errors: not_found (the recording went away), io, corrupt, too_large,
/// unsupported (pictures that cannot be encoded anew), unavailable (`stop`).
[[nodiscard]] Result<ClipOutcome> write_clip(const ClipPlan& plan,
                                             const std::filesystem::path& file,
                                             std::uint64_t max_bytes,
                                             const std::atomic<bool>& stop);

}  // namespace troupe::media

// What the captions of a live picture show, as text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::media {

/// From here on the screen shows this; empty text: nothing.
struct CaptionEvent {
  std::int64_t start_us = 0;  ///< presentation time on the publication's timeline
  std::string text;           ///< UTF-8, lines apart by '\n'
};

/// Channel CC1 of CEA-608 in the picture's SEI messages, decoded by libavcodec. A chunk without
/// captions costs a search through its bytes. Not thread-safe.
class CaptionReader {
 public:
  /// Errors: unsupported (not H.264 or HEVC, or no decoder), corrupt.
  static Result<std::unique_ptr<CaptionReader>> open(const Track& video);
  virtual ~CaptionReader() = default;

  /// Chunks of the track in order. What a picture out of order carries may come a chunk later.
  virtual std::vector<CaptionEvent> read(const Chunk& chunk) = 0;
};

/// The text of an event of libavcodec's: without the fields and tags of ASS. Pure.
[[nodiscard]] std::string plain_text(std::string_view ass);

}  // namespace troupe::media

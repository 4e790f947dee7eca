// What the captions of a live picture show, as text.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::media {

/// CC1 to CC4 of CEA-608, then services 1 to 6 of CEA-708.
enum class CaptionChannel : std::uint8_t { cc1, cc2, cc3, cc4, s1, s2, s3, s4, s5, s6 };
inline constexpr std::size_t kCaptionChannels = 10;
/// "cc1", "s1".
[[nodiscard]] std::string channel_name(CaptionChannel channel);

/// Reads `live.caption_languages`: "cc1=en,s2=es". Errors: invalid_argument.
using CaptionLanguages = std::array<std::string, kCaptionChannels>;
[[nodiscard]] Result<CaptionLanguages> parse_caption_languages(std::string_view text);

/// From here on the screen shows this; empty text: nothing.
struct CaptionEvent {
  std::int64_t start_us = 0;  ///< presentation time on the publication's timeline
  std::string text;           ///< UTF-8, lines apart by '\n'
  CaptionChannel channel = CaptionChannel::cc1;
};

/// The captions in the picture's SEI messages: those of CEA-608 are decoded by libavcodec, those of
/// CEA-708 by DtvccReader. A chunk without costs a search through its bytes. Not thread-safe.
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

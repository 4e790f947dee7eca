// What a low-latency viewer needs of HLS playlists (RFC 8216bis). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::sim {

/// Of a multivariant playlist: where the first variant's video is, and its sound if that is apart.
struct HlsVariant {
  std::string video;
  std::optional<std::string> audio;
};
/// Errors: corrupt.
[[nodiscard]] Result<HlsVariant> parse_multivariant(std::string_view text);

struct HlsSegment {
  struct Part {
    std::string uri;
    bool independent = false;
  };
  std::map<std::uint32_t, Part> parts;
  bool complete = false;  ///< it will get no more of them
};
struct HlsMedia {
  std::string map;                               ///< EXT-X-MAP's URI
  std::map<std::uint64_t, HlsSegment> segments;  ///< by media sequence number
};
/// Errors: corrupt.
[[nodiscard]] Result<HlsMedia> parse_media(std::string_view text);

/// `reference` as a browser would resolve it on the page at path `base`; only paths.
[[nodiscard]] std::string resolve(std::string_view base, std::string_view reference);

}  // namespace troupe::sim

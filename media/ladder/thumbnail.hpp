// Small JPEGs of a live picture.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"

struct AVFrame;

namespace troupe::media {

struct Thumbnail {
  std::int64_t media_us = 0;  ///< presentation time on the publication's timeline
  std::int64_t wall_us = 0;   ///< Unix time at which the server had it
  std::shared_ptr<const std::string> jpeg;
};

inline constexpr int kThumbnailWidth = 320;

/// A JPEG of `frame`, 320 wide, its shape kept. Errors: internal.
[[nodiscard]] Result<std::string> encode_thumbnail(const AVFrame& frame);

}  // namespace troupe::media

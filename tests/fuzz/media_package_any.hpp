// Any bytes as a publisher's stream, for the fuzz targets of each container. Most end in an error;
// none may end otherwise than by one.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "media/packager.hpp"

namespace troupe::fuzz {

inline void package_any(std::span<const std::uint8_t> bytes, media::Container container) {
  std::size_t at = 0;
  const auto source = [&](std::span<std::uint8_t> buffer) {
    const auto count = std::min(buffer.size(), bytes.size() - at);
    if (count > 0) std::memcpy(buffer.data(), bytes.data() + at, count);
    at += count;
    return count;
  };
  bool have_tracks = false;
  int chunks = 0;
  media::PackageSink sink;
  sink.tracks = [&](const std::vector<media::Track>& tracks) {
    assert(!have_tracks && !tracks.empty());
    have_tracks = true;
  };
  sink.chunk = [&](const media::ChunkPtr& chunk) {
    assert(have_tracks && chunk);
    return ++chunks < 1'000;
  };
  const auto stats = media::package_stream(
      source, sink, {.container = container, .probe_bytes = 20'000, .analyze_us = 100'000});
  assert(stats.ok() || !stats.error().detail.empty());
}

}  // namespace troupe::fuzz

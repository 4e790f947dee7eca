// Any bytes as a publisher's fragmented MP4 or WebM, told apart by the first byte. Most end in an
// error; none may end otherwise than by one.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "media/packager.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::media;
  if (size == 0) return 0;
  std::size_t at = 1;
  const auto source = [&](std::span<std::uint8_t> buffer) {
    const auto count = std::min(buffer.size(), size - at);
    if (count > 0) std::memcpy(buffer.data(), data + at, count);
    at += count;
    return count;
  };
  bool have_tracks = false;
  int chunks = 0;
  PackageSink sink;
  sink.tracks = [&](const std::vector<Track>& tracks) {
    assert(!have_tracks && !tracks.empty());
    have_tracks = true;
  };
  sink.chunk = [&](const ChunkPtr& chunk) {
    assert(have_tracks && chunk);
    return ++chunks < 1'000;
  };
  const auto stats =
      package_stream(source, sink,
                     {.container = data[0] == 'w' ? Container::webm : Container::fragmented_mp4,
                      .probe_bytes = 20'000,
                      .analyze_us = 100'000});
  assert(stats.ok() || !stats.error().detail.empty());
  return 0;
}

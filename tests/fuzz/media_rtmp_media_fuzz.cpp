// Any bytes as audio, video and data messages of one publication, through the reader and the
// packager. Each message: one byte of type, two of length, two of time.
#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "media/encoded.hpp"
#include "net/ingest/rtmp/media.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  using namespace troupe::ingest::rtmp;
  constexpr std::size_t kHeader = 5;
  constexpr std::array<MessageType, 3> kTypes{MessageType::video, MessageType::audio,
                                              MessageType::data};
  std::optional<media::EncodedFormat> format;
  std::deque<media::EncodedFrame> frames;
  const MediaSink sink{.format = [&](media::EncodedFormat f) { format = std::move(f); },
                       .frame = [&](media::EncodedFrame f) { frames.push_back(std::move(f)); }};
  MediaReader reader;
  std::uint32_t time = 0;
  for (std::size_t at = 0; at + kHeader <= size;) {
    const std::size_t length =
        std::min<std::size_t>(data[at + 1] << 8 | data[at + 2], size - at - kHeader);
    time += static_cast<std::uint32_t>(data[at + 3] << 8 | data[at + 4]);
    Message message{time, kTypes[data[at] % kTypes.size()], 1,
                    std::string(reinterpret_cast<const char*>(data) + at + kHeader, length)};
    if (!reader.take(std::move(message), sink).ok()) break;
    at += kHeader + length;
  }
  if (!format) return 0;
  bool announced = false;
  media::PackageSink chunks;
  chunks.tracks = [&](const std::vector<media::Track>& tracks) {
    assert(!announced && !tracks.empty());
    announced = true;
  };
  chunks.chunk = [&](const media::ChunkPtr& chunk) {
    assert(announced && chunk->duration_us >= 0);
    return true;
  };
  const auto next = [&]() -> std::optional<media::EncodedFrame> {
    if (frames.empty()) return std::nullopt;
    auto frame = std::move(frames.front());
    frames.pop_front();
    return frame;
  };
  const auto stats = media::package_frames(*format, next, chunks, {.chunk_ms = data[0] % 2 * 100});
  assert(stats.ok() || !stats.error().detail.empty());
  return 0;
}

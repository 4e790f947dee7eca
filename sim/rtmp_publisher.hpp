// Encoders that cost next to nothing: a clip that was encoded once, sent over RTMP at its own pace.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sim/endpoint.hpp"

namespace troupe::sim {

/// What an FLV file holds (Adobe Flash Video File Format 10.1, annex E).
struct FlvClip {
  struct Tag {
    std::uint8_t type = 0;  ///< 8 sound, 9 picture, 18 data; as RTMP's message types
    std::uint32_t time_ms = 0;
    std::string payload;
  };
  std::vector<Tag> heads;  ///< said once: metadata and the decoders' configurations
  std::vector<Tag> tags;
  std::uint32_t duration_ms = 0;  ///< it begins again after so long
};
/// The tags of `file` that begin before `duration_ms`. Errors: corrupt.
[[nodiscard]] Result<FlvClip> parse_flv(std::string_view file, std::uint32_t duration_ms);

/// `seconds` of a test picture and a tone; ffmpeg encodes them. Eight seconds, or a multiple, hold
/// whole frames of AAC at 48 kHz and of pictures at 25 and 30 a second, so that the clip begins
/// again without a hole. Errors: io.
[[nodiscard]] Result<FlvClip> make_flv_clip(const std::string& size, int fps, int video_kbit,
                                            int seconds = 8);

/// One thread with all publishers, from construction to destruction. They begin apart, over a
/// second, so that their key frames do too.
class RtmpPublishers {
 public:
  /// `stream_keys`: what each publishes as ("session?key=…").
  RtmpPublishers(const Endpoint& endpoint, FlvClip clip,
                 const std::vector<std::string>& stream_keys);
  ~RtmpPublishers();
  RtmpPublishers(const RtmpPublishers&) = delete;
  RtmpPublishers& operator=(const RtmpPublishers&) = delete;

  /// Thread-safe. Those who were refused, or lost their connection.
  [[nodiscard]] int ended() const noexcept;
  /// Thread-safe. The longest that a tag left after it was due: how far this side fell behind.
  [[nodiscard]] double behind_ms() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim

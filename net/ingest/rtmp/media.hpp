// RTMP's audio and video messages as frames (Adobe FLV 10.1, annex E; Enhanced RTMP v1). Pure.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "media/encoded.hpp"
#include "net/ingest/rtmp/chunk_stream.hpp"

namespace troupe::ingest::rtmp {

/// Where one publication's media goes: the format once, then frames.
struct MediaSink {
  std::function<void(media::EncodedFormat)> format;
  std::function<void(media::EncodedFrame)> frame;
};

/// H.264, HEVC and AV1, each with AAC or without sound. The format is told as soon as the codec
/// headers have come: encoders send them before their first frame. Where metadata promises sound,
/// or there is no metadata, frames are held for the audio header, at most kMaxWaitMs of them.
class MediaReader {
 public:
  static constexpr std::int64_t kMaxWaitMs = 1'000;
  static constexpr std::size_t kMaxHeldBytes = 8U << 20;

  /// Takes an audio, video or data message; others are ignored. Errors: unsupported (another codec,
  /// or codec parameters that changed: the encoder has to publish anew), corrupt.
  Result<void> take(Message&& message, const MediaSink& sink);

 private:
  Result<void> on_video(Message&& message, const MediaSink& sink);
  Result<void> on_enhanced_video(Message&& message, const MediaSink& sink);
  Result<void> on_audio(Message&& message, const MediaSink& sink);
  void on_metadata(const Message& message);
  Result<void> configure_video(media::VideoCodec codec, std::string config, const MediaSink& sink);
  Result<void> configure_audio(std::string config, const MediaSink& sink);
  void frame(media::EncodedFrame frame, const MediaSink& sink);
  void settle(const MediaSink& sink);
  std::int64_t clock(std::uint32_t timestamp_ms);

  media::EncodedFormat format_;
  std::optional<bool> has_audio_;  ///< as metadata has it
  bool settled_ = false;
  std::deque<media::EncodedFrame> held_;  ///< until it is settled
  std::size_t held_bytes_ = 0;
  std::optional<std::uint32_t> last_timestamp_;
  std::int64_t clock_ms_ = 0;
};

}  // namespace troupe::ingest::rtmp

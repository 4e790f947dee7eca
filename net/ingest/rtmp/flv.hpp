// RTMP's audio and video messages as an FLV stream, for the demuxer (Adobe FLV 10.1, annex E). Pure.
#pragma once

#include <string>

#include "base/result.hpp"
#include "net/ingest/rtmp/chunk_stream.hpp"

namespace troupe::ingest::rtmp {

/// One publication's messages on their way to the demuxer. Only H.264 and AAC get through, so that
/// libavformat never guesses; metadata is left out, since all of it is in the streams.
class FlvStream {
 public:
  /// What stands before the first tag.
  [[nodiscard]] static std::string header();

  /// The tag; empty when the message holds nothing for a player. Errors: unsupported (another
  /// codec, or codec parameters that changed: the encoder has to publish anew), corrupt.
  Result<std::string> tag(const Message& message);

 private:
  Result<std::string> video(const Message& message);
  Result<std::string> audio(const Message& message);
  /// Empty when `config` is known already.
  static Result<std::string> configure(std::string& known, const Message& message);

  std::string video_config_, audio_config_;
};

}  // namespace troupe::ingest::rtmp

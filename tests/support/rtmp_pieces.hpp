// What the tests of RTMP share: bytes by their hexadecimal, and readers with what came out of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "net/ingest/rtmp/peer.hpp"

namespace troupe::ingest::rtmp {

inline std::string hex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == ' ') continue;
    out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    ++i;
  }
  return out;
}

struct Chunks {
  ChunkReader reader;
  std::vector<Message> messages;
  Result<void> feed(std::string_view bytes) {
    return reader.feed(bytes_of(bytes), [this](Message&& message) {
      messages.push_back(std::move(message));
      return Result<void>();
    });
  }
};

/// What a MediaReader made of messages.
struct Taken {
  std::vector<media::EncodedFormat> formats;
  std::vector<media::EncodedFrame> frames;
  MediaSink sink{.format = [this](auto format) { formats.push_back(std::move(format)); },
                 .frame = [this](auto frame) { frames.push_back(std::move(frame)); }};
  MediaReader reader;

  Result<void> take(MessageType type, std::string payload, std::uint32_t at = 0) {
    return reader.take({at, type, 1, std::move(payload)}, sink);
  }
  Result<void> video(const char* bytes, std::uint32_t at = 0) {
    return take(MessageType::video, hex(bytes), at);
  }
  Result<void> audio(const char* bytes, std::uint32_t at = 0) {
    return take(MessageType::audio, hex(bytes), at);
  }
  Result<void> metadata(const AmfObject& object) {
    std::string bytes;
    for (const AmfValue& value :
         {AmfValue("@setDataFrame"), AmfValue("onMetaData"), AmfValue(object)})
      append_amf0(bytes, value);
    return take(MessageType::data, std::move(bytes));
  }
};

}  // namespace troupe::ingest::rtmp

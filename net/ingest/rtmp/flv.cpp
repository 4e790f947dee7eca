#include "net/ingest/rtmp/flv.hpp"

#include <algorithm>

namespace troupe::ingest::rtmp {
namespace {

// FLV 10.1, sections E.4.2.1 (audio) and E.4.3.1 (video).
constexpr unsigned kCodecAvc = 7, kFormatAac = 10, kFrameTypeCommand = 5;
constexpr unsigned kPacketConfig = 0, kPacketData = 1;
constexpr std::size_t kVideoHeaderBytes = 5, kAudioHeaderBytes = 2;
// Enhanced RTMP v1: the top bit says that a FourCC follows.
constexpr unsigned kExtendedHeader = 0x80;
constexpr std::size_t kTagHeaderBytes = 11;  // section E.4.1

std::string make_tag(const Message& message) {
  std::string out;
  out.reserve(kTagHeaderBytes + message.payload.size() + 4);
  append_be(out, static_cast<std::uint8_t>(message.type), 1);
  append_be(out, message.payload.size(), 3);
  append_be(out, message.timestamp_ms & 0xFFFFFF, 3);
  append_be(out, message.timestamp_ms >> 24, 1);
  append_be(out, 0, 3);
  out += message.payload;
  append_be(out, out.size(), 4);
  return out;
}

std::string four_cc(Bytes payload) {
  std::string out;
  for (std::size_t i = 1; i < std::min<std::size_t>(payload.size(), 5); ++i) {
    const auto c = static_cast<char>(payload[i]);
    out.push_back(c >= ' ' && c <= '~' ? c : '.');
  }
  return out;
}

}  // namespace

std::string FlvStream::header() {
  std::string out("FLV");
  append_be(out, 1, 1);  // version
  append_be(out, 5, 1);  // audio and video
  append_be(out, 9, 4);  // this header's length
  append_be(out, 0, 4);  // length of the tag before the first
  return out;
}

Result<std::string> FlvStream::configure(std::string& known, const Message& message) {
  if (known == message.payload) return std::string();
  if (!known.empty())
    return error(ErrorCode::unsupported, "the codec parameters changed: publish anew");
  known = message.payload;
  return make_tag(message);
}

Result<std::string> FlvStream::video(const Message& message) {
  const auto payload = bytes_of(message.payload);
  if ((payload[0] & kExtendedHeader) != 0)
    return error(ErrorCode::unsupported, "video must be H.264, not " + four_cc(payload));
  if (payload[0] >> 4 == kFrameTypeCommand) return std::string();
  if ((payload[0] & 0x0F) != kCodecAvc)
    return error(ErrorCode::unsupported,
                 "video must be H.264, not FLV codec " + std::to_string(payload[0] & 0x0F));
  if (payload.size() < kVideoHeaderBytes) return error(ErrorCode::corrupt, "a video tag cut short");
  if (payload[1] == kPacketConfig) return configure(video_config_, message);
  // Whoever begins without parameters cannot be helped; an end of sequence says nothing.
  if (payload[1] != kPacketData || video_config_.empty()) return std::string();
  return make_tag(message);
}

Result<std::string> FlvStream::audio(const Message& message) {
  const auto payload = bytes_of(message.payload);
  if (payload[0] >> 4 != kFormatAac)
    return error(ErrorCode::unsupported,
                 "audio must be AAC, not FLV format " + std::to_string(payload[0] >> 4));
  if (payload.size() < kAudioHeaderBytes)
    return error(ErrorCode::corrupt, "an audio tag cut short");
  if (payload[1] == kPacketConfig) return configure(audio_config_, message);
  if (payload[1] != kPacketData || audio_config_.empty()) return std::string();
  return make_tag(message);
}

Result<std::string> FlvStream::tag(const Message& message) {
  if (message.payload.empty()) return std::string();
  if (message.type == MessageType::video) return video(message);
  if (message.type == MessageType::audio) return audio(message);
  return std::string();
}

}  // namespace troupe::ingest::rtmp

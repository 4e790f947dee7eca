#include "net/ingest/rtmp/media.hpp"

#include <algorithm>

#include "net/ingest/rtmp/amf0.hpp"

namespace troupe::ingest::rtmp {
namespace {

using media::TrackKind;
using media::VideoCodec;

// FLV 10.1, sections E.4.2.1 (audio) and E.4.3.1 (video).
constexpr unsigned kCodecAvc = 7, kFormatAac = 10, kKeyFrame = 1, kFrameTypeCommand = 5;
constexpr unsigned kPacketConfig = 0, kPacketData = 1;
constexpr std::size_t kVideoHeaderBytes = 5, kAudioHeaderBytes = 2;
constexpr std::size_t kCompositionBytes = 3;
// Enhanced RTMP v1: the top bit says that a packet type stands in place of the codec, and a FourCC
// behind it.
constexpr unsigned kExtendedHeader = 0x80;
constexpr unsigned kSequenceStart = 0, kCodedFrames = 1, kCodedFramesX = 3;
constexpr std::size_t kExtendedHeaderBytes = 5;

std::string four_cc(Bytes payload) {
  std::string out;
  for (std::size_t i = 1; i < std::min<std::size_t>(payload.size(), 5); ++i) {
    const auto c = static_cast<char>(payload[i]);
    out.push_back(c >= ' ' && c <= '~' ? c : '.');
  }
  return out;
}

std::int64_t signed_24(Bytes bytes, std::size_t at) {
  const auto value = static_cast<std::int64_t>(read_be(bytes, at, kCompositionBytes));
  return value < 0x80'0000 ? value : value - 0x100'0000;
}

}  // namespace

/// Timestamps are 32 bits of milliseconds and come round after 49 days; sound and picture share
/// them and may overtake one another.
std::int64_t MediaReader::clock(std::uint32_t timestamp_ms) {
  if (!last_timestamp_) clock_ms_ = timestamp_ms;
  const auto step =
      static_cast<std::int32_t>(timestamp_ms - last_timestamp_.value_or(timestamp_ms));
  last_timestamp_ = timestamp_ms;
  return clock_ms_ += step;
}

Result<void> MediaReader::take(Message&& message, const MediaSink& sink) {
  if (message.payload.empty()) return {};
  switch (message.type) {
    case MessageType::video:
      return on_video(std::move(message), sink);
    case MessageType::audio:
      return on_audio(std::move(message), sink);
    case MessageType::data:
      on_metadata(message);
      return {};
    default:
      return {};
  }
}

/// `@setDataFrame`, `onMetaData`, and an object (FLV 10.1, section E.5). What cannot be read is as
/// good as none.
void MediaReader::on_metadata(const Message& message) {
  const auto values = decode_amf0(bytes_of(message.payload));
  if (!values.ok()) return;
  for (const auto& value : *values) {
    const bool video = value.member("videocodecid") != nullptr;
    const bool audio = value.member("audiocodecid") != nullptr;
    if (video || audio) has_audio_ = audio;
  }
}

Result<void> MediaReader::on_video(Message&& message, const MediaSink& sink) {
  const auto payload = bytes_of(message.payload);
  if ((payload[0] & kExtendedHeader) != 0) return on_enhanced_video(std::move(message), sink);
  if (payload[0] >> 4 == kFrameTypeCommand) return {};
  if ((payload[0] & 0x0F) != kCodecAvc)
    return error(ErrorCode::unsupported, "video must be H.264, HEVC or AV1, not FLV codec " +
                                             std::to_string(payload[0] & 0x0F));
  if (payload.size() < kVideoHeaderBytes) return error(ErrorCode::corrupt, "a video tag cut short");
  if (payload[1] == kPacketConfig)
    return configure_video(VideoCodec::h264, message.payload.substr(kVideoHeaderBytes), sink);
  // An end of sequence says nothing.
  if (payload[1] != kPacketData) return {};
  frame({.kind = TrackKind::video,
         .key = payload[0] >> 4 == kKeyFrame,
         .decode_ms = clock(message.timestamp_ms),
         .composition_ms = signed_24(payload, 2),
         .bytes = message.payload.substr(kVideoHeaderBytes),
         .arrived = {}},
        sink);
  return {};
}

Result<void> MediaReader::on_enhanced_video(Message&& message, const MediaSink& sink) {
  const auto payload = bytes_of(message.payload);
  const auto name = four_cc(payload);
  const unsigned packet = payload[0] & 0x0F, type = payload[0] >> 4 & 7U;
  if (name != "hvc1" && name != "av01")
    return error(ErrorCode::unsupported, "video must be H.264, HEVC or AV1, not " + name);
  const auto codec = name == "hvc1" ? VideoCodec::hevc : VideoCodec::av1;
  if (type == kFrameTypeCommand) return {};
  if (packet == kSequenceStart)
    return configure_video(codec, message.payload.substr(kExtendedHeaderBytes), sink);
  if (packet != kCodedFrames && packet != kCodedFramesX) return {};  // metadata, end of sequence
  if (codec != format_.video_codec && !format_.video_config.empty())
    return error(ErrorCode::unsupported, "the codec changed: publish anew");
  // Only HEVC has a composition time, and not in the short form.
  const bool composed = codec == VideoCodec::hevc && packet == kCodedFrames;
  const auto header = kExtendedHeaderBytes + (composed ? kCompositionBytes : 0);
  if (payload.size() < header) return error(ErrorCode::corrupt, "a video tag cut short");
  frame({.kind = TrackKind::video,
         .key = type == kKeyFrame,
         .decode_ms = clock(message.timestamp_ms),
         .composition_ms = composed ? signed_24(payload, kExtendedHeaderBytes) : 0,
         .bytes = message.payload.substr(header),
         .arrived = {}},
        sink);
  return {};
}

Result<void> MediaReader::on_audio(Message&& message, const MediaSink& sink) {
  const auto payload = bytes_of(message.payload);
  if (payload[0] >> 4 != kFormatAac)
    return error(ErrorCode::unsupported,
                 "audio must be AAC, not FLV format " + std::to_string(payload[0] >> 4));
  if (payload.size() < kAudioHeaderBytes)
    return error(ErrorCode::corrupt, "an audio tag cut short");
  if (payload[1] == kPacketConfig)
    return configure_audio(message.payload.substr(kAudioHeaderBytes), sink);
  if (payload[1] != kPacketData || format_.audio_config.empty()) return {};
  frame({.kind = TrackKind::audio,
         .key = true,
         .decode_ms = clock(message.timestamp_ms),
         .composition_ms = 0,
         .bytes = message.payload.substr(kAudioHeaderBytes),
         .arrived = {}},
        sink);
  return {};
}

Result<void> MediaReader::configure_video(VideoCodec codec, std::string config,
                                          const MediaSink& sink) {
  if (config.empty()) return error(ErrorCode::corrupt, "a video header cut short");
  auto& known = format_.video_config;
  if (known.empty()) {
    format_.video_codec = codec;
    known = std::move(config);
    settle(sink);
  } else if (codec != format_.video_codec || config != known) {
    return error(ErrorCode::unsupported, "the codec parameters changed: publish anew");
  }
  return {};
}

Result<void> MediaReader::configure_audio(std::string config, const MediaSink& sink) {
  if (config.empty()) return error(ErrorCode::corrupt, "an audio header cut short");
  auto& known = format_.audio_config;
  if (settled_ && known.empty()) return {};  // too late: players were told that there is no sound
  if (known.empty()) {
    known = std::move(config);
    settle(sink);
  } else if (config != known) {
    return error(ErrorCode::unsupported, "the codec parameters changed: publish anew");
  }
  return {};
}

void MediaReader::frame(media::EncodedFrame frame, const MediaSink& sink) {
  // Whoever begins without parameters cannot be helped.
  if (format_.video_config.empty() || frame.bytes.empty()) return;
  frame.arrived = std::chrono::steady_clock::now();
  if (settled_) return sink.frame(std::move(frame));
  held_bytes_ += sizeof frame + frame.bytes.size();
  held_.push_back(std::move(frame));
  settle(sink);
}

void MediaReader::settle(const MediaSink& sink) {
  if (settled_ || format_.video_config.empty()) return;
  const bool waited =
      !held_.empty() && (held_.back().decode_ms - held_.front().decode_ms >= kMaxWaitMs ||
                         held_bytes_ >= kMaxHeldBytes);
  if (format_.audio_config.empty() && has_audio_.value_or(true) && !waited) return;
  settled_ = true;
  sink.format(format_);
  for (auto& frame : std::exchange(held_, {})) sink.frame(std::move(frame));
}

}  // namespace troupe::ingest::rtmp

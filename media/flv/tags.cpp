#include "media/flv/tags.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace troupe::media::flv {
namespace {

// Section E.4.1.
constexpr std::uint8_t kAudioTag = 8, kVideoTag = 9, kScriptTag = 18;
constexpr std::size_t kTagHeaderBytes = 11;
// Sections E.4.2.1 and E.4.3.1.
constexpr std::uint8_t kKeyFrame = 1, kInterFrame = 2, kCodecAvc = 7, kFormatAac = 10;
constexpr std::uint8_t kAac44kHz16BitStereo = 0xAF;  // whatever it is: the config tells
constexpr std::uint8_t kPacketConfig = 0, kPacketData = 1;
// Enhanced RTMP v1, "Extended VideoTagHeader".
constexpr std::uint8_t kExtendedHeader = 0x80, kSequenceStart = 0, kCodedFrames = 1;
// AMF0, section 2.
constexpr std::uint8_t kAmfNumber = 0, kAmfBoolean = 1, kAmfString = 2, kAmfArray = 8;

void append_be(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}
void append_u8(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value));
}

/// Header and size of the tag that `data` appends.
template <class Data>
void append_tag(std::string& out, std::uint8_t type, std::int64_t time_ms, const Data& data) {
  const auto begin = out.size();
  const auto time = static_cast<std::uint32_t>(static_cast<std::uint64_t>(time_ms));
  append_u8(out, type);
  append_be(out, 0, 3);
  append_be(out, time & 0xFF'FFFFU, 3);
  append_u8(out, time >> 24);
  append_be(out, 0, 3);  // stream id
  data();
  const auto size = out.size() - begin - kTagHeaderBytes;
  assert(size <= kMaxTagData);
  for (std::size_t i = 0; i < 3; ++i)
    out[begin + 1 + i] = static_cast<char>(size >> (8 * (2 - i)) & 0xFF);
  append_be(out, size + kTagHeaderBytes, 4);
}

std::string_view four_cc(VideoCodec codec) {
  return codec == VideoCodec::hevc ? "hvc1" : "av01";
}

void append_video_head(std::string& out, VideoCodec codec, bool key, bool config) {
  const unsigned type = key ? kKeyFrame : kInterFrame;
  if (codec == VideoCodec::h264) {
    append_u8(out, type << 4 | kCodecAvc);
    append_u8(out, config ? kPacketConfig : kPacketData);
    return;
  }
  append_u8(out, kExtendedHeader | type << 4 | (config ? kSequenceStart : kCodedFrames));
  out += four_cc(codec);
}

/// A name of a member, which has no type marker.
void append_name(std::string& out, std::string_view name) {
  append_be(out, name.size(), 2);
  out += name;
}
void append_number(std::string& out, std::string_view name, double value) {
  append_name(out, name);
  append_u8(out, kAmfNumber);
  append_be(out, std::bit_cast<std::uint64_t>(value), 8);
}

/// "If FourCC, a number": its bytes as one.
double codec_number(VideoCodec codec) {
  if (codec == VideoCodec::h264) return kCodecAvc;
  std::uint32_t value = 0;
  for (const char c : four_cc(codec)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace

void append_file_header(std::string& out, bool audio, bool video) {
  out += "FLV";
  append_u8(out, 1);
  append_u8(out, (audio ? 4U : 0U) | (video ? 1U : 0U));
  append_be(out, 9, 4);
  append_be(out, 0, 4);
}

void append_metadata(std::string& out, const Metadata& metadata, std::int64_t time_ms) {
  append_tag(out, kScriptTag, time_ms, [&] {
    append_u8(out, kAmfString);
    append_name(out, "onMetaData");
    append_u8(out, kAmfArray);
    const auto count_at = out.size();
    append_be(out, 0, 4);
    unsigned count = 0;
    const auto number = [&](std::string_view name, double value) {
      if (value == 0) return;
      append_number(out, name, value);
      ++count;
    };
    if (metadata.video) {
      number("width", metadata.width);
      number("height", metadata.height);
      number("videocodecid", codec_number(metadata.video_codec));
    }
    if (metadata.audio) {
      number("audiocodecid", kFormatAac);
      number("audiosamplerate", metadata.sample_rate);
      append_name(out, "stereo");
      append_u8(out, kAmfBoolean);
      append_u8(out, metadata.channels > 1 ? 1 : 0);
      ++count;
    }
    append_name(out, "encoder");
    append_u8(out, kAmfString);
    append_name(out, "Troupe");
    out[count_at + 3] = static_cast<char>(++count);
    append_be(out, 9, 3);  // the end of an object: an empty name and its marker
  });
}

void append_video_config(std::string& out, VideoCodec codec, std::string_view config,
                         std::int64_t time_ms) {
  append_tag(out, kVideoTag, time_ms, [&] {
    append_video_head(out, codec, true, true);
    if (codec == VideoCodec::h264) append_be(out, 0, 3);  // composition time
    out += config;
  });
}

void append_audio_config(std::string& out, std::string_view config, std::int64_t time_ms) {
  append_tag(out, kAudioTag, time_ms, [&] {
    append_u8(out, kAac44kHz16BitStereo);
    append_u8(out, kPacketConfig);
    out += config;
  });
}

void append_video_frame(std::string& out, const VideoFrame& frame) {
  constexpr std::int64_t kMost = 0x7F'FFFF, kLeast = -0x80'0000;  // SI24
  append_tag(out, kVideoTag, frame.decode_ms, [&] {
    append_video_head(out, frame.codec, frame.key, false);
    const auto composition = std::clamp(frame.composition_ms, kLeast, kMost);
    if (frame.codec != VideoCodec::av1)
      append_be(out, static_cast<std::uint64_t>(composition) & 0xFF'FFFFU, 3);
    out += frame.bytes;
  });
}

void append_audio_frame(std::string& out, std::string_view bytes, std::int64_t time_ms) {
  append_tag(out, kAudioTag, time_ms, [&] {
    append_u8(out, kAac44kHz16BitStereo);
    append_u8(out, kPacketData);
    out += bytes;
  });
}

}  // namespace troupe::media::flv

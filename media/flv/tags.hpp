// FLV tags (Adobe Flash Video File Format Specification 10.1, Annex E; Veovera Enhanced RTMP v1 for
// HEVC and AV1). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "media/encoded.hpp"

namespace troupe::media::flv {

/// Of a tag's data: its size has 24 bits (section E.4.1).
inline constexpr std::size_t kMaxTagData = 0xFF'FFFF;
/// Of a picture's data that stands before the picture.
inline constexpr std::size_t kMaxVideoHead = 8;

/// The file header and the size of the tag before the first (sections E.2 and E.3).
void append_file_header(std::string& out, bool audio, bool video);

/// What onMetaData says (section E.5); what is 0 is left out.
struct Metadata {
  bool video = false, audio = false;
  VideoCodec video_codec = VideoCodec::h264;
  int width = 0, height = 0;
  int sample_rate = 0, channels = 0;
};
// Times are milliseconds: a tag carries their lowest 32 bits, and players take up what comes round.
void append_metadata(std::string& out, const Metadata& metadata, std::int64_t time_ms);

/// `config`: payload of `avcC`, `hvcC` or `av1C`.
void append_video_config(std::string& out, VideoCodec codec, std::string_view config,
                         std::int64_t time_ms);
/// `config`: an AudioSpecificConfig.
void append_audio_config(std::string& out, std::string_view config, std::int64_t time_ms);

struct VideoFrame {
  VideoCodec codec = VideoCodec::h264;
  bool key = false;
  std::int64_t decode_ms = 0;
  std::int64_t composition_ms = 0;  ///< from decoding to showing; AV1 has none
  std::string_view bytes;           ///< length-prefixed NAL units, or OBUs
};
/// Bytes over kMaxTagData - kMaxVideoHead must not come here.
void append_video_frame(std::string& out, const VideoFrame& frame);
/// A raw AAC frame of at most kMaxTagData - 2 bytes.
void append_audio_frame(std::string& out, std::string_view bytes, std::int64_t time_ms);

}  // namespace troupe::media::flv

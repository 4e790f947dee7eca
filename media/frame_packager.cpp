#include <algorithm>
#include <array>

#include "media/chunker.hpp"
#include "media/encoded.hpp"
#include "media/ffmpeg_log.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/mem.h>
}

namespace troupe::media {
namespace {

constexpr int kVideoIndex = 0, kAudioIndex = 1;
constexpr AVRational kMilliseconds{1, 1000};

struct FreeParameters {
  void operator()(AVCodecParameters* p) const noexcept { avcodec_parameters_free(&p); }
};
using ParametersPtr = std::unique_ptr<AVCodecParameters, FreeParameters>;
struct FreeCodec {
  void operator()(AVCodecContext* p) const noexcept { avcodec_free_context(&p); }
};
struct FreeParser {
  void operator()(AVCodecParserContext* p) const noexcept { av_parser_close(p); }
};

AVCodecID id_of(VideoCodec codec) {
  switch (codec) {
    case VideoCodec::hevc:
      return AV_CODEC_ID_HEVC;
    case VideoCodec::av1:
      return AV_CODEC_ID_AV1;
    default:
      return AV_CODEC_ID_H264;
  }
}

/// Bytes with the zeros behind them that libavcodec's readers may run into.
void set_extradata(AVCodecParameters& parameters, const std::string& bytes) {
  parameters.extradata =
      static_cast<std::uint8_t*>(av_mallocz(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  std::copy(bytes.begin(), bytes.end(), parameters.extradata);
  parameters.extradata_size = static_cast<int>(bytes.size());
}

/// The picture's size stands in parameter sets, which libavcodec's parser reads.
Result<ParametersPtr> video_parameters(const EncodedFormat& format, const AVPacket& key_frame) {
  ParametersPtr out(avcodec_parameters_alloc());
  out->codec_type = AVMEDIA_TYPE_VIDEO;
  out->codec_id = id_of(format.video_codec);
  set_extradata(*out, format.video_config);
  const std::unique_ptr<AVCodecParserContext, FreeParser> parser(av_parser_init(out->codec_id));
  const std::unique_ptr<AVCodecContext, FreeCodec> codec(avcodec_alloc_context3(nullptr));
  if (!parser || !codec || avcodec_parameters_to_context(codec.get(), out.get()) < 0)
    return error(ErrorCode::internal, "no parser");
  parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
  std::uint8_t* ignored = nullptr;
  int ignored_size = 0;
  av_parser_parse2(parser.get(), codec.get(), &ignored, &ignored_size, key_frame.data,
                   key_frame.size, 0, 0, 0);
  out->width = parser->width;
  out->height = parser->height;
  if (out->width <= 0 || out->height <= 0)
    return error(ErrorCode::corrupt, "the picture's size cannot be told");
  return out;
}

/// ISO/IEC 14496-3, sections 1.6.2.1 and 1.6.3.4.
Result<ParametersPtr> audio_parameters(const std::string& config) {
  constexpr std::array<int, 13> kRates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                       22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
  constexpr std::array<int, 8> kChannels{0, 1, 2, 3, 4, 5, 6, 8};
  constexpr unsigned kEscapeType = 31, kExplicitRate = 15;
  auto reader = [&, at = 0U](unsigned count) mutable {
    unsigned value = 0;
    for (; count > 0; --count, ++at) {
      const auto byte = at / 8 < config.size() ? static_cast<std::uint8_t>(config[at / 8]) : 0U;
      value = value << 1 | (byte >> (7 - at % 8) & 1U);
    }
    return value;
  };
  if (reader(5) == kEscapeType) static_cast<void>(reader(6));
  const auto rate_index = reader(4);
  const int rate = rate_index == kExplicitRate  ? static_cast<int>(reader(24))
                   : rate_index < kRates.size() ? kRates[rate_index]
                                                : 0;
  const auto channel_index = reader(4);
  constexpr int kLowestRate = 7'350, kHighestRate = 96'000;
  if (config.size() < 2 || rate < kLowestRate || rate > kHighestRate)
    return error(ErrorCode::corrupt, "the AAC parameters make no sense");
  ParametersPtr out(avcodec_parameters_alloc());
  out->codec_type = AVMEDIA_TYPE_AUDIO;
  out->codec_id = AV_CODEC_ID_AAC;
  out->sample_rate = rate;
  // 0: a program config element tells it, to the decoder only.
  const int channels = channel_index < kChannels.size() ? kChannels[channel_index] : 0;
  av_channel_layout_default(&out->ch_layout, channels == 0 ? 2 : channels);
  set_extradata(*out, config);
  return out;
}

Result<void> fill(AVPacket& packet, const EncodedFrame& frame) {
  if (frame.bytes.size() > kMaxFrameBytes)
    return error(ErrorCode::too_large, "a frame over 16 MiB");
  if (av_new_packet(&packet, static_cast<int>(frame.bytes.size())) < 0)
    return error(ErrorCode::internal, "no memory");
  std::copy(frame.bytes.begin(), frame.bytes.end(), packet.data);
  packet.stream_index = frame.kind == TrackKind::video ? kVideoIndex : kAudioIndex;
  packet.dts = frame.decode_ms;
  packet.pts = frame.decode_ms + std::max<std::int64_t>(0, frame.composition_ms);
  if (frame.key) packet.flags |= AV_PKT_FLAG_KEY;
  return {};
}

}  // namespace

Result<PackageStats> package_frames(const EncodedFormat& format, const FrameSource& source,
                                    const PackageSink& sink, const PackagerOptions& options) {
  route_ffmpeg_log();
  Chunker chunker(sink, options);
  if (!format.audio_config.empty()) {
    const auto audio = audio_parameters(format.audio_config);
    if (!audio.ok()) return audio.error();
    if (auto added = chunker.add_audio(kAudioIndex, **audio, kMilliseconds); !added.ok())
      return added.error();
  }
  const PacketPtr packet(av_packet_alloc());
  while (auto frame = source()) {
    if (frame->bytes.empty()) continue;
    const bool video = frame->kind == TrackKind::video;
    if (!chunker.has_video() && !(video && frame->key)) continue;  // nothing to show it with
    if (auto filled = fill(*packet, *frame); !filled.ok()) return filled.error();
    if (!chunker.has_video()) {
      const auto parameters = video_parameters(format, *packet);
      if (!parameters.ok()) return parameters.error();
      if (auto added = chunker.add_video(kVideoIndex, **parameters, kMilliseconds); !added.ok())
        return added.error();
    }
    auto more = chunker.take(*packet, frame->arrived);
    av_packet_unref(packet.get());
    if (!more.ok()) return more.error();
    if (!*more) return chunker.stats();
  }
  if (auto done = chunker.finish(); !done.ok()) return done.error();
  return chunker.stats();
}

}  // namespace troupe::media

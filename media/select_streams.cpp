#include "media/select_streams.hpp"

#include <algorithm>
#include <array>
#include <vector>

extern "C" {
#include <libavutil/dict.h>
}

namespace troupe::media {
namespace {

bool carries(Container container, AVCodecID codec) {
  constexpr std::array kTransport{AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AAC};
  constexpr std::array kFiles{AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_CODEC_ID_AV1,
                              AV_CODEC_ID_VP9,  AV_CODEC_ID_AAC,  AV_CODEC_ID_OPUS};
  const auto has = [codec](const auto& list) {
    return std::find(list.begin(), list.end(), codec) != list.end();
  };
  return container == Container::mpegts ? has(kTransport) : has(kFiles);
}

Error refused(Container container, const AVCodecParameters& p) {
  const bool video = p.codec_type == AVMEDIA_TYPE_VIDEO, transport = container == Container::mpegts;
  return error(ErrorCode::unsupported,
               std::string(video       ? transport ? "video must be H.264 or HEVC, not "
                                                   : "video must be H.264, HEVC, AV1 or VP9, not "
                           : transport ? "audio must be AAC, not "
                                       : "audio must be AAC or Opus, not ") +
                   avcodec_get_name(p.codec_id));
}

}  // namespace

int find_streams(AVFormatContext& in) {
  std::vector<AVDictionary*> options(in.nb_streams, nullptr);  // of those that are known already
  for (auto& one : options) av_dict_set_int(&one, "max_pixels", kMaxPicturePixels, 0);
  const int found = avformat_find_stream_info(&in, options.empty() ? nullptr : options.data());
  for (auto& one : options) av_dict_free(&one);
  return found;
}

Result<void> select_streams(AVFormatContext& in, Container container, Chunker& chunker) {
  for (unsigned i = 0; i < in.nb_streams; ++i) {
    auto* stream = in.streams[i];
    const auto& p = *stream->codecpar;
    const bool wanted_video = p.codec_type == AVMEDIA_TYPE_VIDEO && !chunker.has_video();
    const bool wanted_audio = p.codec_type == AVMEDIA_TYPE_AUDIO && !chunker.has_audio();
    if (!wanted_video && !wanted_audio) {
      stream->discard = AVDISCARD_ALL;
      continue;
    }
    if (!carries(container, p.codec_id)) return refused(container, p);
    if (wanted_audio && p.sample_rate <= 0) continue;
    const int index = container == Container::fragmented_mp4 ? stream->id : static_cast<int>(i);
    if (auto added = wanted_video
                         ? chunker.add_video(index, p, stream->time_base, stream->pts_wrap_bits)
                         : chunker.add_audio(index, p, stream->time_base, stream->pts_wrap_bits);
        !added.ok()) {
      return added;
    }
  }
  if (!chunker.has_video()) return error(ErrorCode::unsupported, "there is no video");
  return {};
}

}  // namespace troupe::media

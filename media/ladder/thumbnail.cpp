#include "media/ladder/thumbnail.hpp"

#include <algorithm>

#include "media/ladder/av_frame.hpp"

namespace troupe::media {
namespace {

constexpr int kQuality = 6;  // of 2 (best) to 31

Result<CodecPtr> open_jpeg(int width, int height) {
  const auto* encoder = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (encoder == nullptr) return error(ErrorCode::internal, "no JPEG encoder");
  CodecPtr codec(avcodec_alloc_context3(encoder));
  codec->width = width;
  codec->height = height;
  codec->pix_fmt = AV_PIX_FMT_YUVJ420P;
  codec->color_range = AVCOL_RANGE_JPEG;
  codec->time_base = {1, 1};
  codec->thread_count = 1;
  codec->flags |= AV_CODEC_FLAG_QSCALE;
  codec->global_quality = kQuality * FF_QP2LAMBDA;
  if (avcodec_open2(codec.get(), encoder, nullptr) < 0)
    return error(ErrorCode::internal, "the JPEG encoder does not open");
  return codec;
}

}  // namespace

Result<std::string> encode_thumbnail(const AVFrame& frame) {
  if (frame.width <= 0 || frame.height <= 0) return error(ErrorCode::internal, "no picture");
  const auto width = kThumbnailWidth;
  const auto& pixel = frame.sample_aspect_ratio;
  const bool square = pixel.num <= 0 || pixel.den <= 0;
  const auto exact = av_rescale(std::int64_t{frame.height} * width, square ? 1 : pixel.den,
                                std::int64_t{frame.width} * (square ? 1 : pixel.num));
  const auto height = static_cast<int>(std::clamp<std::int64_t>(exact / 2 * 2, 2, 4 * width));
  const ScalerPtr scaler(
      sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), width,
                     height, AV_PIX_FMT_YUVJ420P, SWS_FAST_BILINEAR, nullptr, nullptr, nullptr));
  const FramePtr small(av_frame_alloc());
  small->format = AV_PIX_FMT_YUVJ420P;
  small->color_range = AVCOL_RANGE_JPEG;
  small->width = width;
  small->height = height;
  small->quality = kQuality * FF_QP2LAMBDA;
  if (!scaler || av_frame_get_buffer(small.get(), 0) < 0)
    return error(ErrorCode::internal, "a thumbnail cannot be scaled");
  sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, small->data,
            small->linesize);
  auto codec = open_jpeg(width, height);
  if (!codec.ok()) return codec.error();
  const PacketPtr packet(av_packet_alloc());
  if (avcodec_send_frame(codec->get(), small.get()) < 0 ||
      avcodec_receive_packet(codec->get(), packet.get()) < 0)
    return error(ErrorCode::internal, "a thumbnail cannot be encoded");
  return std::string(reinterpret_cast<const char*>(packet->data),
                     static_cast<std::size_t>(packet->size));
}

}  // namespace troupe::media

#include "media/ladder/rung_encoder.hpp"

#include <algorithm>

#include "media/codec_string.hpp"

extern "C" {
#include <libavutil/opt.h>
}

namespace troupe::media {
namespace {

std::int64_t to_us(std::int64_t time, int timescale) {
  return av_rescale(time, 1'000'000, timescale);
}

Result<CodecPtr> open_codec(const RungOptions& options) {
  const auto* encoder = avcodec_find_encoder_by_name("libx264");
  if (encoder == nullptr) return error(ErrorCode::unsupported, "FFmpeg was built without libx264");
  CodecPtr codec(avcodec_alloc_context3(encoder));
  if (!codec) return error(ErrorCode::internal, "no memory");
  codec->width = options.size.width;
  codec->height = options.size.height;
  codec->pix_fmt = AV_PIX_FMT_YUV420P;
  codec->time_base = {1, options.timescale};
  codec->framerate = options.rate;
  codec->bit_rate = std::int64_t{options.rung.kbit_per_s} * 1000;
  codec->rc_max_rate = codec->bit_rate;
  codec->rc_buffer_size = static_cast<int>(codec->bit_rate);  // a second
  codec->color_range = options.shape.range;
  codec->colorspace = options.shape.space;
  codec->color_primaries = options.shape.primaries;
  codec->color_trc = options.shape.transfer;
  codec->sample_aspect_ratio = options.shape.pixel;
  codec->max_b_frames = 0;
  codec->thread_count = 1;  // renditions run beside each other already
  codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* more = nullptr;
  av_dict_set(&more, "preset", "veryfast", 0);
  av_dict_set(&more, "tune", "zerolatency", 0);
  av_dict_set(&more, "forced-idr", "1", 0);
  av_dict_set(&more, "x264-params", "keyint=infinite:scenecut=0:rc-lookahead=0", 0);
  const int opened = avcodec_open2(codec.get(), encoder, &more);
  av_dict_free(&more);
  if (opened < 0) return error(ErrorCode::internal, "libx264: " + av_error(opened));
  return codec;
}

}  // namespace

PictureShape shape_of(const AVFrame& frame, Size size) {
  PictureShape out{frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc, {}};
  // The formats that are of full range by their name become such of limited range.
  const auto format = static_cast<AVPixelFormat>(frame.format);
  if (format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P ||
      format == AV_PIX_FMT_YUVJ444P)
    out.range = AVCOL_RANGE_MPEG;
  const auto& pixel = frame.sample_aspect_ratio;
  if (pixel.num > 0 && pixel.den > 0) {
    // Sizes are rounded to even ones.
    constexpr int kMost = 255;  // x264 writes 16 bits, and players read small ratios best
    av_reduce(&out.pixel.num, &out.pixel.den, std::int64_t{pixel.num} * frame.width * size.height,
              std::int64_t{pixel.den} * frame.height * size.width, kMost);
  }
  return out;
}

Result<std::unique_ptr<RungEncoder>> RungEncoder::open(const RungOptions& options) {
  auto codec = open_codec(options);
  if (!codec.ok()) return codec.error();
  std::unique_ptr<RungEncoder> encoder(new RungEncoder());
  encoder->options_ = options;
  encoder->codec_ = std::move(*codec);
  encoder->packet_.reset(av_packet_alloc());
  const ParametersPtr parameters(avcodec_parameters_alloc());
  avcodec_parameters_from_context(parameters.get(), encoder->codec_.get());
  auto muxer = TrackMuxer::open(options.track, *parameters, options.timescale);
  if (!muxer.ok()) return muxer.error();
  encoder->muxer_ = std::move(*muxer);
  const auto codecs = avc_codec_string(
      {parameters->extradata, static_cast<std::size_t>(parameters->extradata_size)});
  if (!codecs) return error(ErrorCode::internal, "libx264 told no parameters");
  auto& track = encoder->track_;
  track.id = options.track;
  track.codecs = *codecs;
  track.mime = "video/mp4; codecs=\"" + *codecs + "\"";
  track.timescale = static_cast<std::uint32_t>(options.timescale);
  track.width = options.size.width;
  track.height = options.size.height;
  track.init = std::make_shared<const std::string>(encoder->muxer_->init());
  track.name = options.rung.name;
  track.kbit_per_s = options.rung.kbit_per_s;
  return encoder;
}

Result<void> RungEncoder::encode(AVFrame& scaled, const Picture& picture,
                                 const std::function<void(ChunkPtr)>& take) {
  if (picture.pts <= last_pts_) return {};  // shown out of order: a broken source
  last_pts_ = picture.pts;
  scaled.pts = picture.pts;
  scaled.pict_type = picture.key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  sent_.push_back({picture.pts, picture.dts, picture.duration, picture.key});
  if (const int sent = avcodec_send_frame(codec_.get(), &scaled); sent < 0)
    return error(ErrorCode::internal, "libx264: " + av_error(sent));
  while (avcodec_receive_packet(codec_.get(), packet_.get()) >= 0) {
    if (sent_.empty()) return error(ErrorCode::internal, "libx264 gave more than it was given");
    const auto told = sent_.front();
    sent_.pop_front();
    auto packaged = package(*packet_, told, take);
    av_packet_unref(packet_.get());
    if (!packaged.ok()) return packaged;
  }
  return {};
}

Result<void> RungEncoder::package(AVPacket& packet, const Sent& sent,
                                  const std::function<void(ChunkPtr)>& take) {
  if (sent.key && frames_ > 0) {
    if (auto done = cut(take); !done.ok()) return done;
  }
  packet.dts = std::max(sent.dts, last_dts_ == INT64_MIN ? sent.dts : last_dts_ + 1);
  packet.pts = std::max(sent.pts, packet.dts);
  packet.duration = sent.duration;
  last_dts_ = packet.dts;
  if (frames_ == 0) {
    chunk_start_ = packet.dts;
    chunk_key_ = sent.key;
  }
  chunk_end_ = packet.dts + packet.duration;
  ++frames_;
  if (auto written = muxer_->write(packet); !written.ok()) return written;
  const auto length_us = to_us(chunk_end_ - chunk_start_, options_.timescale);
  const auto slack_us = to_us(sent.duration, options_.timescale) / 2;
  return length_us + slack_us >= options_.chunk_us ? cut(take) : Result<void>();
}

Result<void> RungEncoder::cut(const std::function<void(ChunkPtr)>& take) {
  auto bytes = muxer_->flush();
  if (!bytes.ok()) return bytes.error();
  auto chunk = std::make_shared<Chunk>();
  chunk->sequence = ++sequence_;
  chunk->track = options_.track;
  chunk->start_us = to_us(chunk_start_, options_.timescale) - options_.shift_us;
  chunk->duration_us = to_us(chunk_end_ - chunk_start_, options_.timescale);
  chunk->frames = std::exchange(frames_, 0);
  chunk->key = chunk_key_;
  chunk->completed = std::chrono::steady_clock::now();
  chunk->wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  chunk->bytes = std::make_shared<const std::string>(std::move(*bytes));
  take(std::move(chunk));
  return {};
}

}  // namespace troupe::media

#include "media/recording/clip_encoder.hpp"

#include <utility>

namespace troupe::media {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{4096} * 2304;
constexpr AVRational kMicroseconds{1, 1'000'000};
constexpr std::int64_t kMillisecond = 1'000;

}  // namespace

Result<std::unique_ptr<ClipEncoder>> ClipEncoder::open(const AVCodecParameters& source,
                                                       AVRational time_base, std::int64_t from_us,
                                                       std::int64_t to_us) {
  if (source.codec_type != AVMEDIA_TYPE_VIDEO)
    return error(ErrorCode::unsupported, "exact: of pictures only");
  if (std::int64_t{source.width} * source.height > kMaxPixels)
    return error(ErrorCode::too_large, "exact: pictures up to 4096x2304");
  std::unique_ptr<ClipEncoder> made(new ClipEncoder());
  made->time_base_ = time_base;
  made->from_us_ = from_us;
  made->to_us_ = to_us;
  if (auto done = made->open_decoder(source); !done.ok()) return done.error();
  if (auto done = made->open_encoder(source); !done.ok()) return done.error();
  return made;
}

Result<void> ClipEncoder::open_decoder(const AVCodecParameters& source) {
  const auto* codec = avcodec_find_decoder(source.codec_id);
  if (codec == nullptr) return error(ErrorCode::unsupported, "no decoder for these pictures");
  decoder_.reset(avcodec_alloc_context3(codec));
  decoder_->thread_count = 1;
  decoder_->max_pixels = kMaxPixels;
  decoder_->pkt_timebase = time_base_;
  if (avcodec_parameters_to_context(decoder_.get(), &source) < 0 ||
      avcodec_open2(decoder_.get(), codec, nullptr) < 0)
    return error(ErrorCode::corrupt, "the picture's parameters make no sense");
  return {};
}

Result<void> ClipEncoder::open_encoder(const AVCodecParameters& source) {
  const auto* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) return error(ErrorCode::unsupported, "FFmpeg was built without libx264");
  encoder_.reset(avcodec_alloc_context3(codec));
  encoder_->width = source.width & ~1;  // 4:2:0 has no odd sizes
  encoder_->height = source.height & ~1;
  encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder_->time_base = time_base_;
  encoder_->gop_size = 60;
  encoder_->max_b_frames = 0;  // decode times are those of the pictures: nothing is moved
  encoder_->thread_count = 1;
  encoder_->color_range = source.color_range;
  encoder_->colorspace = source.color_space;
  encoder_->color_primaries = source.color_primaries;
  encoder_->color_trc = source.color_trc;
  encoder_->sample_aspect_ratio = source.sample_aspect_ratio;
  encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* more = nullptr;
  av_dict_set(&more, "preset", "veryfast", 0);
  av_dict_set(&more, "crf", "19", 0);
  const int opened = avcodec_open2(encoder_.get(), codec, &more);
  av_dict_free(&more);
  if (opened < 0) return error(ErrorCode::internal, "libx264: " + av_error(opened));
  parameters_.reset(avcodec_parameters_alloc());
  avcodec_parameters_from_context(parameters_.get(), encoder_.get());
  return {};
}

std::int64_t ClipEncoder::us_of(const AVFrame& frame) const {
  return av_rescale_q(frame.best_effort_timestamp, time_base_, kMicroseconds);
}

Result<void> ClipEncoder::push(const AVPacket* packet, const Take& take) {
  // What cannot be decoded leaves a hole, as it does in players.
  static_cast<void>(avcodec_send_packet(decoder_.get(), packet));
  if (auto done = receive(take); !done.ok()) return done;
  if (packet != nullptr) return {};
  if (!first_us_ && before_) {
    if (auto done = begin(std::move(before_), take); !done.ok()) return done;
  }
  if (auto done = finish(take); !done.ok()) return done;
  return encode(nullptr, take);
}

Result<void> ClipEncoder::receive(const Take& take) {
  while (true) {
    FramePtr frame(av_frame_alloc());
    if (avcodec_receive_frame(decoder_.get(), frame.get()) < 0) return {};
    if (auto done = choose(std::move(frame), take); !done.ok()) return done;
  }
}

/// Whole milliseconds are asked for: a picture that begins within one of them is meant.
Result<void> ClipEncoder::choose(FramePtr frame, const Take& take) {
  const auto at_us = us_of(*frame);
  if (past_end_) return {};
  if (!first_us_ && at_us < from_us_ + kMillisecond) {
    before_ = std::move(frame);
    return {};
  }
  if (!first_us_ && before_) {
    if (auto done = begin(std::move(before_), take); !done.ok()) return done;
  }
  past_end_ = at_us >= to_us_ + kMillisecond;
  if (!past_end_) return first_us_ ? follow(std::move(frame), take) : begin(std::move(frame), take);
  if (first_us_ && only_one()) return encode(std::move(last_), take);
  last_.reset();  // it was on at the end
  return {};
}

Result<void> ClipEncoder::begin(FramePtr frame, const Take& take) {
  first_us_ = us_of(*frame);
  return follow(std::move(frame), take);
}

/// Goes on with a picture; the one before it is known to be over before the end.
Result<void> ClipEncoder::follow(FramePtr frame, const Take& take) {
  if (!last_) {
    last_ = std::move(frame);
    return {};
  }
  step_us_ = us_of(*frame) - us_of(*last_);
  auto over = std::exchange(last_, std::move(frame));
  return encode(std::move(over), take);
}

/// The source ends: so does its last picture, about when another would begin.
Result<void> ClipEncoder::finish(const Take& take) {
  if (!last_) return {};
  const bool over = us_of(*last_) + step_us_ <= to_us_ + kMillisecond;
  return over || only_one() ? encode(std::move(last_), take) : Result<void>();
}

/// As the encoder was told that they are.
FramePtr ClipEncoder::fitting(FramePtr frame) {
  if (frame->format == encoder_->pix_fmt && frame->width == encoder_->width &&
      frame->height == encoder_->height)
    return frame;
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame->width, frame->height,
                                     static_cast<AVPixelFormat>(frame->format), encoder_->width,
                                     encoder_->height, encoder_->pix_fmt, SWS_BILINEAR, nullptr,
                                     nullptr, nullptr));
  FramePtr scaled(av_frame_alloc());
  scaled->format = encoder_->pix_fmt;
  scaled->width = encoder_->width;
  scaled->height = encoder_->height;
  if (!scaler_ || av_frame_get_buffer(scaled.get(), 0) < 0) return nullptr;
  av_frame_copy_props(scaled.get(), frame.get());
  sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, scaled->data,
            scaled->linesize);
  return scaled;
}

Result<void> ClipEncoder::encode(FramePtr frame, const Take& take) {
  if (frame) {
    const auto pts = frame->best_effort_timestamp;
    if (pts <= last_pts_) return {};  // a broken source
    frame = fitting(std::move(frame));
    if (!frame) return error(ErrorCode::internal, "a picture cannot be scaled");
    last_pts_ = pts;
    frame->pts = pts;
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    durations_.push_back(frame->pkt_duration > 0
                             ? frame->pkt_duration
                             : av_rescale_q(step_us_, kMicroseconds, time_base_));
  }
  if (const int sent = avcodec_send_frame(encoder_.get(), frame.get()); sent < 0)
    return error(ErrorCode::internal, "libx264: " + av_error(sent));
  const PacketPtr packet(av_packet_alloc());
  while (avcodec_receive_packet(encoder_.get(), packet.get()) >= 0) {
    if (durations_.empty())
      return error(ErrorCode::internal, "libx264 gave more than it was given");
    packet->duration = durations_.front();
    packet->dts = packet->pts;
    durations_.pop_front();
    if (auto taken = take(*packet); !taken.ok()) return taken;
    av_packet_unref(packet.get());
  }
  return {};
}

}  // namespace troupe::media

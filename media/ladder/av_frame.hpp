// Ownership of what decoders and encoders use of FFmpeg. Only for this room.
#pragma once

#include <chrono>
#include <cstdint>

#include "media/av.hpp"

extern "C" {
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace troupe::media {

struct FreeCodecAv {
  void operator()(AVFrame* p) const noexcept { av_frame_free(&p); }
  void operator()(AVCodecContext* p) const noexcept { avcodec_free_context(&p); }
  void operator()(AVCodecParameters* p) const noexcept { avcodec_parameters_free(&p); }
  void operator()(SwsContext* p) const noexcept { sws_freeContext(p); }
};
using FramePtr = std::unique_ptr<AVFrame, FreeCodecAv>;
using CodecPtr = std::unique_ptr<AVCodecContext, FreeCodecAv>;
using ParametersPtr = std::unique_ptr<AVCodecParameters, FreeCodecAv>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeCodecAv>;

/// A decoded picture with its place on the publication's timeline, in ticks of the source's track.
struct Picture {
  std::shared_ptr<const AVFrame> frame;
  std::int64_t pts = 0, dts = 0, duration = 0;
  bool key = false;  ///< of a key frame of the source
  std::chrono::steady_clock::time_point arrived;
};

}  // namespace troupe::media

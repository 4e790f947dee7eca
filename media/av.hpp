// Ownership of FFmpeg's objects. Only for .cpp files of this room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
}

namespace troupe::media {

struct FreeAv {
  void operator()(AVPacket* p) const noexcept { av_packet_free(&p); }
  void operator()(AVBSFContext* p) const noexcept { av_bsf_free(&p); }
  void operator()(AVIOContext* p) const noexcept {
    if (p != nullptr) av_freep(&p->buffer);
    avio_context_free(&p);
  }
};
using PacketPtr = std::unique_ptr<AVPacket, FreeAv>;
using BsfPtr = std::unique_ptr<AVBSFContext, FreeAv>;
using AvioPtr = std::unique_ptr<AVIOContext, FreeAv>;

/// Of one picture, 8K and a little: a decoder needs some 50 MB for each that it holds.
inline constexpr std::int64_t kMaxPicturePixels = std::int64_t{8192} * 4320;

[[nodiscard]] inline std::string av_error(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

}  // namespace troupe::media

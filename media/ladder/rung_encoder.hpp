// From scaled pictures to the chunks of one rendition. Only for this folder.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "media/chunk.hpp"
#include "media/ladder/av_frame.hpp"
#include "media/ladder/rungs.hpp"
#include "media/track_muxer.hpp"

namespace troupe::media {

/// How the numbers of a picture are to be shown: what its rendition has to say too.
struct PictureShape {
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  AVColorSpace space = AVCOL_SPC_UNSPECIFIED;
  AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
  AVRational pixel{0, 1};  ///< its width to its height; 0: nobody said
};
/// Of `frame` once it is scaled to `size`.
[[nodiscard]] PictureShape shape_of(const AVFrame& frame, Size size);

struct RungOptions {
  std::uint32_t track = 0;
  Rung rung;
  Size size;
  int timescale = 90'000;  ///< of the source
  AVRational rate{30, 1};  ///< pictures a second, about
  PictureShape shape;
  std::int64_t chunk_us = 0;  ///< as long as the source's are
  /// By how much the times in the source's bytes are later than its chunks say: the muxer moves a
  /// picture that comes out of order.
  std::int64_t shift_us = 0;
};

/// libx264 (GPL), without pictures out of order and with key frames just where it is told.
/// Not thread-safe.
class RungEncoder {
 public:
  /// Errors: unsupported (FFmpeg was built without libx264), internal.
  static Result<std::unique_ptr<RungEncoder>> open(const RungOptions& options);

  [[nodiscard]] const Track& track() const noexcept { return track_; }
  /// `scaled`: of the rung's size, yuv420p; `picture` tells its times. Errors: internal.
  Result<void> encode(AVFrame& scaled, const Picture& picture,
                      const std::function<void(ChunkPtr)>& take);

 private:
  struct Sent {
    std::int64_t pts, dts, duration;
    bool key;
  };
  RungEncoder() = default;
  Result<void> package(AVPacket& packet, const Sent& sent,
                       const std::function<void(ChunkPtr)>& take);
  Result<void> cut(const std::function<void(ChunkPtr)>& take);

  RungOptions options_;
  Track track_;
  CodecPtr codec_;
  std::unique_ptr<TrackMuxer> muxer_;
  PacketPtr packet_;
  std::deque<Sent> sent_;  ///< in the encoder
  std::int64_t last_pts_ = INT64_MIN, last_dts_ = INT64_MIN;
  std::uint64_t sequence_ = 0;
  std::uint32_t frames_ = 0;  ///< in the open chunk
  std::int64_t chunk_start_ = 0, chunk_end_ = 0;
  bool chunk_key_ = false;
};

}  // namespace troupe::media

// One elementary stream to CMAF: an initialisation segment, then a chunk at each flush. Only for
// this room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "media/av.hpp"
#include "media/chunk.hpp"

namespace troupe::media {

/// libavformat's mp4 muxer with `cmaf` and `frag_custom`, writing into memory. Not thread-safe.
class TrackMuxer {
 public:
  /// `parameters` with extradata; `timescale` in ticks a second. Errors: corrupt (the muxer refuses
  /// the parameters).
  static Result<std::unique_ptr<TrackMuxer>> open(std::uint32_t track_id,
                                                  const AVCodecParameters& parameters,
                                                  int timescale);
  ~TrackMuxer();

  [[nodiscard]] const std::string& init() const noexcept { return init_; }
  /// Times of `packet` in `timescale`. Errors: corrupt.
  Result<void> write(AVPacket& packet);
  /// `prft`? + `moof` + `mdat` of what was written since; empty when nothing was.
  Result<std::string> flush();

 private:
  TrackMuxer() = default;
  static int write_bytes(void* self, std::uint8_t* bytes, int size);

  AVFormatContext* context_ = nullptr;
  AvioPtr io_;
  bool begun_ = false;  ///< the header is written
  AVRational time_base_{1, 1};
  std::string out_;
  std::string init_;
};

}  // namespace troupe::media

// The pictures of a clip that begins and ends between key frames: decoded, cut, encoded anew. Only
// for this folder.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "media/ladder/av_frame.hpp"

namespace troupe::media {

/// Of `from_us` to `to_us`: the picture that was on at `from_us` is the first, the one before that
/// which was on at `to_us` the last. Each keeps its time. libx264, without pictures out of order.
/// Not thread-safe.
class ClipEncoder {
 public:
  /// `source` and `time_base`: of what will be pushed. Errors: unsupported (no decoder, or FFmpeg
  /// was built without libx264), too_large (pictures over 4096x2304), corrupt, internal.
  static Result<std::unique_ptr<ClipEncoder>> open(const AVCodecParameters& source,
                                                   AVRational time_base, std::int64_t from_us,
                                                   std::int64_t to_us);

  using Take = std::function<Result<void>(AVPacket&)>;
  /// Packets in their order, from a key frame on; null: there are no more. What is made goes to
  /// `take`. Errors: those of `take`, corrupt, internal.
  Result<void> push(const AVPacket* packet, const Take& take);

  [[nodiscard]] const AVCodecParameters& parameters() const { return *parameters_; }
  /// When the first picture begins; nothing while it is not known.
  [[nodiscard]] std::optional<std::int64_t> first_us() const { return first_us_; }
  /// Whether a picture after the end was there: more packets change nothing.
  [[nodiscard]] bool past_end() const noexcept { return past_end_; }

 private:
  ClipEncoder() = default;
  Result<void> open_decoder(const AVCodecParameters& source);
  Result<void> open_encoder(const AVCodecParameters& source);
  Result<void> receive(const Take& take);
  Result<void> choose(FramePtr frame, const Take& take);
  Result<void> begin(FramePtr frame, const Take& take);
  Result<void> follow(FramePtr frame, const Take& take);
  Result<void> finish(const Take& take);
  /// A clip has a picture, however short it is.
  [[nodiscard]] bool only_one() const noexcept { return last_ && last_pts_ == INT64_MIN; }
  /// Null: there are no more.
  Result<void> encode(FramePtr frame, const Take& take);
  [[nodiscard]] FramePtr fitting(FramePtr frame);
  [[nodiscard]] std::int64_t us_of(const AVFrame& frame) const;

  AVRational time_base_{1, 1};
  std::int64_t from_us_ = 0, to_us_ = 0;
  CodecPtr decoder_, encoder_;
  ParametersPtr parameters_;
  ScalerPtr scaler_;
  FramePtr before_;  ///< the last picture at or before the beginning
  FramePtr last_;    ///< of the clip's: whether it is over before the end shows with the next
  std::int64_t step_us_ = 0;  ///< between the last two pictures
  bool past_end_ = false;
  std::optional<std::int64_t> first_us_;
  std::deque<std::int64_t> durations_;  ///< of pictures in the encoder
  std::int64_t last_pts_ = INT64_MIN;
};

}  // namespace troupe::media

// How loud sound is to the ear: ITU-R BS.1770-4 as EBU Tech 3341 wants it shown. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace troupe::media {

/// Momentary and short-term loudness, renewed every 100 ms. Not thread-safe.
class LoudnessMeter {
 public:
  /// What digital silence is told as.
  static constexpr double kSilenceLufs = -70;

  /// `sample_rate` from 8,000; channels in FFmpeg's order (of six: L R C LFE Ls Rs).
  LoudnessMeter(int sample_rate, int channels);

  /// Samples of all channels, each as long as the first: full scale is 1. Others are ignored.
  void add(std::span<const std::span<const float>> channels);
  /// LUFS of the last 400 ms and of the last 3 s; nothing before there were as many.
  [[nodiscard]] std::optional<double> momentary() const { return over(kMomentaryBlocks); }
  [[nodiscard]] std::optional<double> short_term() const { return over(kShortTermBlocks); }

 private:
  static constexpr std::size_t kMomentaryBlocks = 4, kShortTermBlocks = 30;

  /// One section of a filter, in transposed direct form II.
  struct Biquad {
    double b0, b1, b2, a1, a2;
  };
  struct Channel {
    double weight = 1;
    std::array<std::array<double, 2>, 2> state{};
  };
  void settle();
  [[nodiscard]] std::optional<double> over(std::size_t blocks) const;

  std::array<Biquad, 2> filter_;
  std::vector<Channel> channels_;
  std::size_t block_samples_;
  std::size_t filled_ = 0;  ///< samples of the open block
  double energy_ = 0;       ///< of it, over all channels by weight
  std::deque<double> blocks_;
};

}  // namespace troupe::media

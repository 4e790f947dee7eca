#include "media/health/loudness.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace troupe::media {
namespace {

constexpr double kSurround = 1.41;  // BS.1770-4, table 3
constexpr double kOffsetLufs = -0.691;
constexpr std::size_t kBlocksPerSecond = 10;

double weight_of(int channel, int channels) {
  if (channels < 5 || channel < 3) return 1;
  if (channels == 5) return kSurround;
  return channel == 3 ? 0 : kSurround;
}

}  // namespace

// The recommendation gives its two filters for 48 kHz only. These are the analogue ones behind
// them, for any rate, as in B. De Man, "Evaluation of Implementations of the EBU R128 Loudness
// Measurement" (AES 145, 2018); libebur128 has the same.
LoudnessMeter::LoudnessMeter(int sample_rate, int channels)
    : block_samples_(static_cast<std::size_t>(sample_rate) / kBlocksPerSecond) {
  constexpr double kShelfHz = 1681.974450955533, kShelfDb = 3.999843853973347,
                   kShelfQ = 0.7071752369554196, kShelfBend = 0.4996667741545416;
  constexpr double kHighPassHz = 38.13547087602444, kHighPassQ = 0.5003270373238773;
  const auto warp = [&](double hz) { return std::tan(std::numbers::pi * hz / sample_rate); };
  {
    const auto k = warp(kShelfHz);
    const auto high = std::pow(10, kShelfDb / 20);
    const auto bend = std::pow(high, kShelfBend);
    const auto a0 = 1 + k / kShelfQ + k * k;
    filter_[0] = {(high + bend * k / kShelfQ + k * k) / a0, 2 * (k * k - high) / a0,
                  (high - bend * k / kShelfQ + k * k) / a0, 2 * (k * k - 1) / a0,
                  (1 - k / kShelfQ + k * k) / a0};
  }
  const auto k = warp(kHighPassHz);
  const auto a0 = 1 + k / kHighPassQ + k * k;
  filter_[1] = {1, -2, 1, 2 * (k * k - 1) / a0, (1 - k / kHighPassQ + k * k) / a0};
  for (int i = 0; i < channels; ++i) channels_.push_back({weight_of(i, channels), {}});
}

void LoudnessMeter::add(std::span<const std::span<const float>> channels) {
  if (channels.size() != channels_.size() || channels.empty()) return;
  for (std::size_t at = 0; at < channels.front().size();) {
    const auto end = std::min(channels.front().size(), at + block_samples_ - filled_);
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      auto& channel = channels_[i];
      if (channel.weight == 0) continue;
      double sum = 0;
      for (auto j = at; j < end; ++j) {
        double value = static_cast<double>(channels[i][j]);
        for (std::size_t section = 0; section < filter_.size(); ++section) {
          const auto& f = filter_[section];
          auto& s = channel.state[section];
          const auto out = f.b0 * value + s[0];
          s[0] = f.b1 * value - f.a1 * out + s[1];
          s[1] = f.b2 * value - f.a2 * out;
          value = out;
        }
        sum += value * value;
      }
      energy_ += channel.weight * sum;
    }
    filled_ += end - at;
    at = end;
    if (filled_ < block_samples_) continue;
    settle();
    blocks_.push_back(std::isfinite(energy_) ? energy_ / static_cast<double>(block_samples_) : 0);
    if (blocks_.size() > kShortTermBlocks) blocks_.pop_front();
    filled_ = 0;
    energy_ = 0;
  }
}

/// A sample that is not a number, as a broken decoder may give, would stay in the filters for ever,
/// and what is left of a sound after long silence only costs time: such numbers are slow.
void LoudnessMeter::settle() {
  constexpr double kNothing = 1e-30;
  for (auto& channel : channels_)
    for (auto& section : channel.state)
      for (auto& value : section)
        if (!(std::abs(value) > kNothing) || !std::isfinite(value)) value = 0;
}

std::optional<double> LoudnessMeter::over(std::size_t blocks) const {
  if (blocks_.size() < blocks) return std::nullopt;
  const auto power =
      std::accumulate(blocks_.end() - static_cast<std::ptrdiff_t>(blocks), blocks_.end(), 0.0) /
      static_cast<double>(blocks);
  if (power <= 0) return kSilenceLufs;
  return std::max(kSilenceLufs, kOffsetLufs + 10 * std::log10(power));
}

}  // namespace troupe::media

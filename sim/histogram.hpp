// A latency histogram with a fixed relative error, made for merging across threads.
#pragma once

#include <cstdint>
#include <vector>

namespace troupe::sim {

/// Log-linear buckets in the manner of HdrHistogram (http://hdrhistogram.org): 64 linear steps per
/// power of two of microseconds, so a value is off by at most 1/64. Range 1 µs to about 71 minutes;
/// values outside are clamped. Not thread-safe: one per thread, then merge.
class Histogram {
 public:
  Histogram();

  void record_us(std::uint64_t us) noexcept;
  void record(double ms) noexcept;
  void merge(const Histogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Milliseconds at quantile `q` in [0, 1]; 0 when empty.
  [[nodiscard]] double quantile(double q) const noexcept;
  [[nodiscard]] double mean() const noexcept;
  [[nodiscard]] double max() const noexcept { return static_cast<double>(max_us_) / 1000.0; }

  struct Point {
    double quantile = 0;
    double ms = 0;
  };
  /// The curve for a plot: about `points` quantiles, denser towards 1.
  [[nodiscard]] std::vector<Point> curve(int points = 60) const;

 private:
  std::vector<std::uint32_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_us_ = 0;
  std::uint64_t max_us_ = 0;
};

}  // namespace troupe::sim

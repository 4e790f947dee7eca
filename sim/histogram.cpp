#include "sim/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace troupe::sim {
namespace {

constexpr unsigned kStepBits = 6;  // 64 steps per octave
constexpr std::uint64_t kSteps = 1U << kStepBits;
constexpr std::uint64_t kMaxUs = (1ULL << 32) - 1;
constexpr std::size_t kBuckets = (32 - kStepBits + 1) * kSteps;

std::size_t bucket_of(std::uint64_t us) noexcept {
  if (us < kSteps) return us;
  const unsigned shift = static_cast<unsigned>(std::bit_width(us)) - 1 - kStepBits;
  return (static_cast<std::size_t>(shift) + 1) * kSteps + ((us >> shift) - kSteps);
}

/// Middle of the bucket.
double value_of(std::size_t bucket) noexcept {
  if (bucket < kSteps) return static_cast<double>(bucket);
  const auto shift = bucket / kSteps - 1;
  const auto low = (bucket % kSteps + kSteps) << shift;
  return static_cast<double>(low) + static_cast<double>((1ULL << shift) - 1) / 2.0;
}

}  // namespace

Histogram::Histogram() : buckets_(kBuckets) {}

void Histogram::record_us(std::uint64_t us) noexcept {
  us = std::min(us, kMaxUs);
  ++buckets_[bucket_of(us)];
  ++count_;
  sum_us_ += us;
  max_us_ = std::max(max_us_, us);
}

void Histogram::record(double ms) noexcept {
  record_us(static_cast<std::uint64_t>(std::llround(std::clamp(ms, 0.0, 4.2e6) * 1000.0)));
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_us_ += other.sum_us_;
  max_us_ = std::max(max_us_, other.max_us_);
}

double Histogram::quantile(double q) const noexcept {
  if (count_ == 0) return 0;
  const auto rank =
      static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(value_of(i) / 1000.0, max());
  }
  return max();
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0 : static_cast<double>(sum_us_) / static_cast<double>(count_) / 1000.0;
}

std::vector<Histogram::Point> Histogram::curve(int points) const {
  std::vector<Point> out;
  if (count_ == 0) return out;
  // Evenly spaced in -log10(1 - q): as much room for 99–99.9 as for 90–99.
  const double nines = std::min(5.0, std::log10(static_cast<double>(count_)) + 0.01);
  for (int i = 0; i < points; ++i) {
    const double q = 1.0 - std::pow(10.0, -nines * i / (points - 1));
    out.push_back({q, quantile(q)});
  }
  return out;
}

}  // namespace troupe::sim

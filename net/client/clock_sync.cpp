#include "net/client/clock_sync.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::client {
namespace {

constexpr std::size_t kMaxSent = 256;
/// Delays only ever add: what is shorter than thought is followed at once, what is longer slowly,
/// which still follows clocks that drift and ways that change.
constexpr double kDown = 0.25, kUp = 0.01;
constexpr double kWaitingGain = 1.0 / 16;
constexpr double kLeastWaiting = 0.5, kMostWaiting = 6;
constexpr double kDeviations = 2;  ///< of jitter that waiting commands make up for
constexpr double kPace = 0.02,
                 kMostPace = 0.05;  ///< change of the period for each command too many

void follow_least(std::optional<double>& estimate, double sample) {
  if (!estimate) {
    estimate = sample;
  } else {
    *estimate += (sample < *estimate ? kDown : kUp) * (sample - *estimate);
  }
}

}  // namespace

ClockSync::ClockSync(double tick_hz) : period_s_(1 / tick_hz) {}

double ClockSync::ticks(TimePoint time) const {
  return std::chrono::duration<double>(time - origin_).count() / period_s_;
}

void ClockSync::sent(std::uint32_t sequence, TimePoint now) {
  if (origin_ == TimePoint{}) origin_ = now;
  sent_.push_back({sequence, ticks(now)});
  if (sent_.size() > kMaxSent) sent_.pop_front();
}

void ClockSync::received(std::uint32_t tick, std::uint32_t used, int waiting, TimePoint now) {
  if (origin_ == TimePoint{}) origin_ = now;
  const auto at = ticks(now);
  follow_least(arrival_, at - tick);
  measure_waiting(tick, used, waiting);
  if (used > last_used_) measure_way(used, waiting, at);
  last_tick_ = tick;
  last_used_ = std::max(last_used_, used);
}

void ClockSync::restart() {
  arrival_.reset();
  last_tick_ = last_used_ = 0;
}

void ClockSync::measure_way(std::uint32_t used, int waiting, double now) {
  while (!sent_.empty() && sent_.front().sequence < used) sent_.pop_front();
  if (sent_.empty() || sent_.front().sequence != used) return;
  // Those behind it came while it waited, one each tick.
  const auto sample = std::max(0.0, now - sent_.front().at - waiting);
  sent_.pop_front();
  follow_least(shortest_, sample);
  if (!round_trip_) {
    round_trip_ = sample;
    deviation_ = sample / 2;
    return;
  }
  deviation_ += (std::abs(sample - *round_trip_) - deviation_) / 4;
  *round_trip_ += (sample - *round_trip_) / 8;
}

void ClockSync::measure_waiting(std::uint32_t tick, std::uint32_t used, int waiting) {
  if (last_tick_ == 0 || tick <= last_tick_) return;
  const double passed = tick - last_tick_;
  const double without = std::max(0.0, passed - (used > last_used_ ? used - last_used_ : 0U));
  const double sample = waiting > 0 ? waiting : -std::min(1.0, without / passed);
  waiting_ += (sample - waiting_) * kWaitingGain;
}

std::optional<double> ClockSync::server_tick(TimePoint now) const {
  if (!arrival_) return std::nullopt;
  return ticks(now) - *arrival_ + shortest_.value_or(0) / 2;
}

double ClockSync::target_waiting() const noexcept {
  return std::clamp(kLeastWaiting + kDeviations * deviation_, kLeastWaiting, kMostWaiting);
}

ClockSync::Duration ClockSync::command_period() const {
  const auto error = waiting_ - target_waiting();
  const auto factor = 1 + std::clamp(kPace * error, -kMostPace, kMostPace);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(period_s_ * factor));
}

}  // namespace troupe::client

// How much one game client may send: packets and bytes, as token buckets.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace troupe::udp {

class ClientRate {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr double kBurstSeconds = 4;  ///< what a silent client may send at once

  ClientRate() = default;
  ClientRate(double packets_per_second, double bytes_per_second, TimePoint now)
      : packets_per_second_(packets_per_second),
        bytes_per_second_(bytes_per_second),
        packets_(packets_per_second * kBurstSeconds),
        bytes_(bytes_per_second * kBurstSeconds),
        at_(now) {}

  /// Whether a packet of this size is within the rate; it counts in any case.
  [[nodiscard]] bool take(std::size_t bytes, TimePoint now) noexcept {
    const double elapsed = std::chrono::duration<double>(now - at_).count();
    at_ = now;
    packets_ =
        std::min(packets_per_second_ * kBurstSeconds, packets_ + elapsed * packets_per_second_) - 1;
    bytes_ = std::min(bytes_per_second_ * kBurstSeconds, bytes_ + elapsed * bytes_per_second_) -
             static_cast<double>(bytes);
    return packets_ >= 0 && bytes_ >= 0;
  }

 private:
  double packets_per_second_ = 0, bytes_per_second_ = 0;
  double packets_ = 0, bytes_ = 0;
  TimePoint at_{};
};

}  // namespace troupe::udp

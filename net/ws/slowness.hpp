// For how long a viewer has been slow: it is closed when that is too long, and well again after
// some peace.
#pragma once

#include <chrono>

namespace troupe::ws {

class Slowness {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  [[nodiscard]] bool slow() const noexcept { return since_ != TimePoint{}; }
  /// Something was not sent.
  void skipped(TimePoint now) noexcept {
    last_skip_ = now;
    if (!slow()) since_ = now;
  }
  /// True once in `slow_for`.
  [[nodiscard]] bool too_long(TimePoint now, std::chrono::milliseconds slow_for) noexcept {
    if (!slow() || now - since_ <= slow_for) return false;
    since_ = now;
    return true;
  }
  /// Something was sent.
  void sent(TimePoint now, std::chrono::milliseconds healed_after) noexcept {
    if (slow() && now - last_skip_ > healed_after) since_ = {};
  }

 private:
  TimePoint since_{};
  TimePoint last_skip_{};
};

}  // namespace troupe::ws

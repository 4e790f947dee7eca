// Admission control: refuses work at the gateways before the actors drown in it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "base/priority.hpp"

namespace caf {
class actor_system;
}
namespace troupe {
class Metrics;
}

namespace troupe::actors {

struct AdmissionLimits {
  std::chrono::milliseconds bulk_delay{50};  ///< from this delay on, bulk work is refused; 0: never
  std::chrono::milliseconds normal_delay{250};  ///< and from this on, normal work too; 0: never
  std::chrono::milliseconds interval{500};
};

/// Tells a standing queue from a burst as CoDel does (Nichols and Jacobson, "Controlling Queue
/// Delay", ACM Queue 10(5), 2012): by the smallest delay within an interval. A burst drains, so its
/// smallest delay is low. Goes up at once and down a step for each interval that was clearly
/// better. Pure; time comes in.
class OverloadDetector {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit OverloadDetector(AdmissionLimits limits) : limits_(limits) {}

  /// A message waited this long in the scheduler's queue.
  void observe(Duration delay, TimePoint now);
  /// The lowest priority that is let in.
  [[nodiscard]] Priority lowest_admitted() const noexcept { return lowest_; }

 private:
  void close_interval();

  AdmissionLimits limits_;
  TimePoint interval_end_{};
  Duration smallest_ = Duration::max();
  Priority lowest_ = Priority::bulk;
};

/// Sends an actor a message every 25 ms and takes the time until it is handled. Thread-safe.
class Admission {
 public:
  Admission(caf::actor_system& system, Metrics& metrics, AdmissionLimits limits);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// Whether to take on work of this priority now; counts what it refuses. One atomic load.
  [[nodiscard]] bool admit(Priority priority) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::actors

// When a crashed child may start again: the decision alone, without actors or clocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace troupe::actors {

struct RestartLimits {
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{5'000};
  int max_restarts = 10;  ///< within `window`; beyond it the child has failed
  std::chrono::milliseconds window{60'000};
};

/// The crashes of one child within the window. Follows OTP's restart intensity (max_restarts in
/// window), with exponential backoff between the restarts.
class RestartHistory {
 public:
  struct Decision {
    bool failed = false;  ///< Too many: do not restart before `delay` has passed, escalate.
    std::chrono::milliseconds delay{0};
  };

  /// Records a crash at `now_ms` (any monotonic clock). `random` is uniform: the delay is jittered
  /// by ±25 %, so that children that fell together do not rise together.
  Decision crashed(std::uint64_t now_ms, const RestartLimits& limits, std::uint64_t random);

 private:
  std::vector<std::uint64_t> crashes_;
};

}  // namespace troupe::actors

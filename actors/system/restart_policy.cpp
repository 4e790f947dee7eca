#include "actors/system/restart_policy.hpp"

#include <algorithm>

namespace troupe::actors {

RestartHistory::Decision RestartHistory::crashed(std::uint64_t now_ms, const RestartLimits& limits,
                                                 std::uint64_t random) {
  const auto window = static_cast<std::uint64_t>(limits.window.count());
  std::erase_if(crashes_, [&](std::uint64_t at) { return at + window <= now_ms; });
  crashes_.push_back(now_ms);
  if (static_cast<int>(crashes_.size()) > limits.max_restarts) {
    const auto until = crashes_.front() + window;
    crashes_.erase(crashes_.begin());  // bounds the history at max_restarts
    return {true, std::chrono::milliseconds(until - now_ms)};
  }
  auto delay = limits.backoff_min;
  for (std::size_t i = 1; i < crashes_.size() && delay < limits.backoff_max; ++i) delay *= 2;
  delay = std::min(delay, limits.backoff_max);
  const auto quarter = delay.count() / 4;
  const auto jitter =
      quarter == 0
          ? 0
          : static_cast<std::int64_t>(random % static_cast<std::uint64_t>(2 * quarter + 1)) -
                quarter;
  return {false, delay + std::chrono::milliseconds(jitter)};
}

}  // namespace troupe::actors

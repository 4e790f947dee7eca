// Which renditions there is time for. Pure: times come in as arguments.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::media {

struct LagPolicyOptions {
  /// Media that has waited longer, and is more than that, costs the highest rendition.
  std::chrono::milliseconds max_lag{1'500};
  /// So long nothing waits half as long, then the lowest that was given up comes back. Twice as
  /// long each time that this one has failed. 0: none comes back.
  std::chrono::milliseconds calm{30'000};
};

/// Renditions are numbered from the highest on. They go from the top, one in two seconds, and come
/// back from the bottom, one at a time.
class LagPolicy {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  LagPolicy(LagPolicyOptions options, std::size_t renditions);

  struct Look {
    std::chrono::steady_clock::duration waited{0};  ///< the oldest that waits
    std::chrono::microseconds media{0};             ///< how much waits
    bool full = false;                              ///< the bound on bytes: all go
  };
  struct Verdict {
    std::vector<std::size_t> drop;
    std::optional<std::size_t> bring_back;
  };
  /// To be asked with each piece of media.
  Verdict judge(TimePoint now, const Look& look);
  /// It cannot be made at all, and does not come back.
  void fail(std::size_t rendition);

  /// How long `rendition`, which is given up, has to be calm for.
  [[nodiscard]] std::chrono::milliseconds calm_for(std::size_t rendition) const;

  static constexpr std::chrono::seconds kSettle{2};  ///< what was given up takes so long to tell
  static constexpr std::chrono::milliseconds kMaxCalm{3'600'000};

 private:
  struct Place {
    enum class State : std::uint8_t { on, dropped, failed } state = State::on;
    std::chrono::milliseconds calm;
    std::optional<TimePoint> returned_at;
  };
  void drop(Place& place, TimePoint now);

  const LagPolicyOptions options_;
  std::vector<Place> places_;
  std::optional<TimePoint> dropped_at_, calm_since_;
};

}  // namespace troupe::media

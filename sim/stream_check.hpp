// What one viewer can check of the CMAF that it gets, whatever protocol brings it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/fragment.hpp"
#include "sim/viewer_totals.hpp"

namespace troupe::sim {

/// Gets each init and fragment of a viewer.
using Tap = std::function<void(std::string_view)>;

/// Counts into `totals` what is not whole, not in sequence or not continuous in time, track by
/// track, how late each fragment came, and when the first picture did.
class StreamCheck {
 public:
  explicit StreamCheck(ViewerTotals& totals, Tap tap = {});

  /// The viewer begins to ask now.
  void begin();
  /// One init or one fragment.
  void take(std::string_view message);
  /// What comes next need not go on where the last left off.
  void afresh();

 private:
  struct Track {
    std::uint32_t timescale = 0;
    bool video = false;
    std::uint32_t next = 0;             ///< `mfhd` sequence; 0: any
    std::optional<std::uint64_t> ends;  ///< where the last fragment did, if it said
  };
  void go_on(Track& track, const Fragment& fragment);

  ViewerTotals& totals_;
  Tap tap_;
  std::chrono::steady_clock::time_point began_{};
  std::map<std::uint32_t, Track> tracks_;
  int seen_ = 0;
  bool started_ = false;
};

/// Cuts what comes in pieces of any size into inits and fragments.
class FragmentCutter {
 public:
  /// Calls `take` with each init or fragment that is complete. Errors: corrupt; then nothing more
  /// will be found.
  [[nodiscard]] Result<void> feed(std::string_view piece,
                                  const std::function<void(std::string_view)>& take);
  /// Whether nothing is begun.
  [[nodiscard]] bool whole() const noexcept { return waiting_.empty(); }

 private:
  std::string waiting_;
  std::size_t at_ = 0;  ///< in it: the first box that is not whole
};

}  // namespace troupe::sim

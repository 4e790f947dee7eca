#include "media/timeline_repair.hpp"

#include <algorithm>

namespace troupe::media {

std::int64_t TimelineRepair::repair(std::int64_t dts, std::int64_t duration) {
  // Unsigned arithmetic: what comes from outside may be any number.
  auto out = static_cast<std::int64_t>(static_cast<std::uint64_t>(dts) +
                                       static_cast<std::uint64_t>(offset_));
  auto given = out;
  if (!last_) {
    if (out < 0) {
      offset_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(offset_) -
                                          static_cast<std::uint64_t>(out));
      out = given = 0;
    }
  } else {
    const auto expected = *last_ + step_;
    const bool back = out <= *last_ - limit_, jump = out > *last_ + limit_;
    if (back || jump) {
      offset_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(offset_) +
                                          static_cast<std::uint64_t>(expected) -
                                          static_cast<std::uint64_t>(out));
      out = given = expected;
      ++repaired_;
    } else {
      // Of the times as given, not as evened out below: that distance would only ever grow.
      if (given > given_) observed_ = given - given_;
      // Rounding between clocks, or jitter: waits until the sample before has ended. The offset
      // stays, so that it does not add up.
      if (out <= *last_) ++repaired_;
      out = std::max(out, expected);
    }
  }
  given_ = given;
  step_ = duration > 0 ? duration : std::max<std::int64_t>(1, std::min(observed_, limit_));
  last_ = out;
  return out;
}

}  // namespace troupe::media

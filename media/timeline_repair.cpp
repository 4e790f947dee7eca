#include "media/timeline_repair.hpp"

#include <algorithm>

namespace troupe::media {

/// Of the limit for jumps: how near the other track's clock has to come after one.
constexpr std::int64_t kNear = 10;

namespace {

// Unsigned arithmetic: what comes from outside may be any number.
std::int64_t sum(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace

std::int64_t Unwrap::distance(std::int64_t from, std::int64_t to) const {
  const auto all = difference(to, from);
  if (bits_ >= 64) return all;
  // The lowest bits, with the sign of the highest of them.
  const auto unused = static_cast<unsigned>(64 - bits_);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(all) << unused) >> unused;
}

std::int64_t Unwrap::next(std::int64_t value) {
  last_ = last_ ? sum(*last_, distance(*last_, value)) : value;
  return *last_;
}

std::int64_t TimelineRepair::lateness(std::int64_t dts) const {
  if (!last_) return 0;
  const auto out = sum(dts, offset_);
  if (out <= *last_ - limit_ || out > *last_ + limit_) return 0;
  return std::max<std::int64_t>(0, *last_ + step_ - out);
}

std::int64_t TimelineRepair::repair(std::int64_t dts, std::int64_t duration,
                                    std::optional<std::int64_t> neighbour) {
  auto out = sum(dts, offset_);
  auto given = out;
  if (!last_) {
    if (out < 0) {
      offset_ = difference(offset_, out);
      out = given = 0;
    }
  } else {
    const auto expected = *last_ + step_;
    const bool back = out <= *last_ - limit_, jump = out > *last_ + limit_;
    if (back || jump) {
      const auto near = limit_ / kNear;
      const auto beside = neighbour ? sum(dts, *neighbour) : 0;
      if (neighbour && beside >= expected - near && beside <= expected + near) {
        offset_ = *neighbour;
        given = beside;
        out = std::max(beside, expected);
      } else {
        offset_ = difference(sum(offset_, expected), out);
        out = given = expected;
      }
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
  // A picture that was held for longer than the next ones are made them late: they are shown for a
  // shorter time until they are in time again.
  if (duration == 0) step_ -= std::min(out - given, step_ / 2);
  last_ = out;
  return out;
}

}  // namespace troupe::media

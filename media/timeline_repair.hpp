// Timestamps of one track: unwrapped, moved, kept ascending, jumps closed. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace troupe::media {

/// Counters of so many bits that come round, as ones that do not. What is nearer than half a round
/// is taken for the next value, ahead or behind.
class Unwrap {
 public:
  explicit Unwrap(int bits = 64) : bits_(bits) {}
  [[nodiscard]] std::int64_t next(std::int64_t value);
  /// The distance of two counters that belong together.
  [[nodiscard]] std::int64_t distance(std::int64_t from, std::int64_t to) const;

 private:
  int bits_;
  std::optional<std::int64_t> last_;
};

/// All times in the track's own timescale.
class TimelineRepair {
 public:
  /// `limit`: a step further than this is a jump. `usual`: what to take for the distance of two
  /// samples before there were two; rather too short, since nothing is moved to close a gap.
  explicit TimelineRepair(std::int64_t limit, std::int64_t usual = 1)
      : limit_(limit), observed_(usual) {}

  /// Starts the timeline: `origin` becomes 0.
  void start(std::int64_t origin) { offset_ = -origin; }
  /// The decode time on our timeline: never before the one before has ended, since its duration has
  /// been told already. `duration`: of this sample, 0 when unknown (then the usual distance of two
  /// samples holds, less when samples are late). `neighbour`: the offset of the other track of the
  /// stream. When both jump, the one that jumps later follows the other, so that they stay in step.
  std::int64_t repair(std::int64_t dts, std::int64_t duration,
                      std::optional<std::int64_t> neighbour = std::nullopt);
  /// How much later than its own time a sample of `dts` would be, since those before it were longer
  /// than the stream's clock says. 0 for one that jumps.
  [[nodiscard]] std::int64_t lateness(std::int64_t dts) const;
  /// What to tell as the last sample's duration.
  [[nodiscard]] std::int64_t duration() const noexcept { return step_; }
  [[nodiscard]] std::int64_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::uint64_t repaired() const noexcept { return repaired_; }

 private:
  std::int64_t limit_;
  std::int64_t offset_ = 0;
  std::optional<std::int64_t> last_;
  std::int64_t step_ = 1;   ///< told duration of the last sample
  std::int64_t given_ = 0;  ///< the last sample's time before it was evened out
  std::int64_t observed_;   ///< distance of the last two samples, as given
  std::uint64_t repaired_ = 0;
};

}  // namespace troupe::media

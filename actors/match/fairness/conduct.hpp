// How one player plays, in numbers, and what of it no honest player does: detectors with their
// statistics. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "game/watcher.hpp"

namespace troupe::fairness {

/// What a player can be suspected of. Values are stored: never renumber.
enum class Suspicion : std::uint8_t {
  accuracy = 0,  ///< hits far more of its shots than others
  reaction = 1,  ///< shoots at who comes into sight sooner than anybody can see it
  snap = 2,      ///< its aim jumps onto targets within a tick
  flood = 3,     ///< sends commands faster than the match uses them
  future = 4,    ///< claims to have seen what was not shown yet
  invalid = 5,   ///< sends commands that the rules do not have
};
inline constexpr std::size_t kSuspicions = 6;
[[nodiscard]] std::string_view to_string(Suspicion suspicion) noexcept;

/// Of `all` chances, `of` were taken. Fractions come from forgetting.
struct Share {
  double of = 0, all = 0;
  friend bool operator==(const Share&, const Share&) = default;
};

/// The lower end of Wilson's score interval (1927): with `z` = 4, a player whose true share is as
/// low is above it in one look of 31,000.
[[nodiscard]] double wilson_lower(const Share& share, double z) noexcept;

/// What a detector must see, and from where on it says so.
struct Detector {
  double limit = 0;      ///< of wilson_lower; of accuracy: above the population's mean
  double least_all = 0;  ///< chances before it says anything
};
struct Thresholds {
  double z = 4;
  Detector accuracy{0.25, 40};
  Detector reaction{0.20, 10};
  Detector snap{0.05, 20};
  Detector flood{0.15, 300};
  Detector future{0.10, 20};
  Detector invalid{0.01, 20};
  /// People take 150 ms and more for what they expect, and 200 to 250 for what they do not. Ticks
  /// of 30 a second.
  std::uint16_t fastest_reaction = 3;
  /// 56 degrees within 33 ms, and on the target at its end.
  std::uint16_t snap_turn = 40;
  /// Above it, whoever the others are.
  double least_accuracy = 0.60;
};

/// For matches of so many ticks a second. With fewer than 30, a tick is time enough for people to
/// do what would need a machine in a shorter one; below ten nobody is judged by it.
[[nodiscard]] Thresholds at_ticks(Thresholds of_thirty, int tick_hz) noexcept;

/// Where to look: `troupe match adjudicate MATCH --tick TICK --slot SLOT`.
struct Evidence {
  std::string match;
  std::uint32_t tick = 0;
  std::uint8_t slot = 0;
  std::uint16_t value = 0;
  Suspicion suspicion = Suspicion::accuracy;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};
inline constexpr std::size_t kMaxEvidence = 16;  ///< of each suspicion, the latest

/// A match's word on one of its players since its last; without anything counted: it came in.
struct Report {
  std::string match;
  std::uint8_t slot = 0;
  std::uint32_t tick = 0;
  std::uint32_t used = 0;     ///< commands
  std::uint32_t dropped = 0;  ///< commands beyond the queue: sent faster than they were used
  std::uint32_t invalid = 0;  ///< commands that the rules do not have
  std::vector<game::Notice> notices;
};

struct Conduct {
  std::array<Share, kSuspicions> shares{};
  std::deque<Evidence> evidence;  ///< oldest first
  friend bool operator==(const Conduct&, const Conduct&) = default;
};

/// Beyond so many chances, half of all is forgotten: what counts is how somebody plays now.
inline constexpr double kRemembered = 1'000;
void fold(Conduct& conduct, const Report& report, const Thresholds& thresholds);

/// How all play together: the accuracy against which one is compared.
struct Population {
  Share accuracy{500, 2'000};  ///< a prior of 25 %, until more is known
};

struct Finding {
  Suspicion suspicion = Suspicion::accuracy;
  Share share;
  double lower = 0;  ///< wilson_lower of it
  double limit = 0;
  friend bool operator==(const Finding&, const Finding&) = default;
};
/// All that is beyond its limit.
[[nodiscard]] std::vector<Finding> judge(const Conduct& conduct, const Population& population,
                                         const Thresholds& thresholds);
/// After a finding: another of the same needs fresh chances. Its evidence stays.
void acquit(Conduct& conduct, Suspicion suspicion);

}  // namespace troupe::fairness

// Judging hitscan shots at what the shooter was shown, within a bound. Pure, integers only: server,
// replay and `troupe match adjudicate` come to the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "game/arena/rewind.hpp"
#include "game/arena/walls.hpp"

namespace troupe::game::arena {

inline constexpr Length kHitscanRange = 80 * kUnit;

/// As a command asks for it.
struct Shot {
  std::uint8_t shooter = 0;
  std::uint8_t aim = 0;
  Point from;                   ///< the shooter after its own step: where its client predicted it
  std::uint32_t tick = 0;       ///< the one that fires it
  std::uint16_t seen_tick = 0;  ///< low bits of the tick at which it was drawing the others
  std::uint8_t seen_fraction = 0;  ///< and 1/256 of the way to the next
  friend bool operator==(const Shot&, const Shot&) = default;
};

enum class Clamp : std::uint8_t {
  none,
  too_old,  ///< it saw more than kMostRewind ago: judged at that bound
  future,   ///< it claims to have seen what nobody was shown yet: judged at the tick before
};

struct Verdict {
  Shot shot;
  std::optional<std::uint8_t> hit;  ///< a slot
  Moment seen;                      ///< as claimed
  Moment judged;                    ///< as granted
  Clamp clamp = Clamp::none;
  Length distance = 0;  ///< to where it hit, along the line
  Length off = 0;       ///< of the target's middle from the line
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// One whom a shot could be about, and why it was hit or was not.
struct Candidate {
  std::uint8_t slot = 0;
  Stand then;            ///< where the shooter was granted to see it
  Length distance = 0;   ///< to its body along the line; of the middle if the line misses it
  Length off = 0;        ///< of its middle from the line
  bool on_line = false;  ///< the line meets its body, ahead and within kHitscanRange
  std::optional<std::size_t> wall;  ///< that is in between, of those on the line
};

/// Who a shot hits: the first on its line, if no wall is before it. The others stand where the
/// shooter's client drew them, which is favouring the shooter, but never longer ago than
/// kMostRewind.
[[nodiscard]] Verdict judge_shot(const History& history, const Shot& shot);
/// Without judging: the moment that is granted to what a shot claims.
[[nodiscard]] Verdict grant(const Shot& shot) noexcept;
/// All who were there then, by slot: what judge_shot chose from.
[[nodiscard]] std::vector<Candidate> candidates(const History& history, const Verdict& verdict);
/// Who is hit; null: none.
[[nodiscard]] const Candidate* first_on_line(std::span<const Candidate> all) noexcept;

}  // namespace troupe::game::arena

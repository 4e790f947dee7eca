// Where everybody was lately: so that a shot is judged at what the shooter was shown. Pure,
// integers only; a part of the match's state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "game/arena/units.hpp"
#include "game/bytes.hpp"

namespace troupe::game::arena {

/// A point in the match's time, in 1/256 of a tick.
struct Moment {
  std::int64_t value = 0;
  friend auto operator<=>(const Moment&, const Moment&) = default;
};
inline constexpr std::int64_t kMomentsPerTick = 256;
[[nodiscard]] constexpr Moment moment(std::uint32_t tick, std::uint8_t fraction = 0) noexcept {
  return {std::int64_t{tick} * kMomentsPerTick + fraction};
}

/// A shot is judged at most so long before the tick that fires it: 250 ms at 30 Hz, as Overwatch
/// bounds it. Who is further behind must lead its targets.
inline constexpr std::int64_t kMostRewind = 1'920;
/// Ticks of history that this takes, and one more, so that the same can still be looked at after
/// the tick that was judged.
inline constexpr std::size_t kHistoryTicks = 9;
static_assert((static_cast<std::int64_t>(kHistoryTicks) - 1) * kMomentsPerTick >= kMostRewind);

/// Between two coordinates, `fraction` / 256 of the way, to the nearest: what clients draw, and
/// what is judged.
[[nodiscard]] constexpr Length between(Length from, Length to, std::int32_t fraction) noexcept {
  return from + (((to - from) * fraction + 128) >> 8);
}

/// One player at one tick.
struct Stand {
  std::uint16_t x = 0, y = 0;
  bool alive = false;  ///< and in the match
  friend bool operator==(const Stand&, const Stand&) = default;
};
using Stands = std::array<Stand, kMaxPlayers>;

class History {
 public:
  /// What stands after `tick`. Forgets all but the last kHistoryTicks.
  void record(std::uint32_t tick, const Stands& stands);
  /// Another player gets its place.
  void forget(int slot);

  /// Nobody was in a slot from here on.
  [[nodiscard]] int slots() const noexcept;
  /// Where a client that draws the match at `when` has the player of `slot`: as
  /// client::GameClient::interpolated does. Nothing: it shows none that is alive, or nothing is
  /// known of then.
  [[nodiscard]] std::optional<Stand> at(int slot, Moment when) const;

  void mix_into(Fnv& hash) const noexcept;
  void encode(std::string& out) const;
  /// False when the bytes are not of encode(); it is of no use then.
  [[nodiscard]] bool decode(ByteReader& in);
  friend bool operator==(const History&, const History&) = default;

 private:
  [[nodiscard]] const Stand* find(int slot, std::int64_t tick) const;

  struct Row {
    std::uint32_t tick = 0;  ///< 0: none; the state before the first tick is not shown to anybody
    std::uint8_t slots = 0;  ///< nobody stands from here on
    Stands stands{};
    friend bool operator==(const Row&, const Row&) = default;
  };
  std::array<Row, kHistoryTicks> rows_{};  ///< by tick modulo their number
};

}  // namespace troupe::game::arena

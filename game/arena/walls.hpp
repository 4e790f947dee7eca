// The walls of the arena: what stops players and shots, and what hides. One fixed map, so that
// every client predicts with it. Pure, integers only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "game/arena/units.hpp"

namespace troupe::game::arena {

/// Axis-aligned; holds x0 <= x < x1.
struct Wall {
  Length x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  friend bool operator==(const Wall&, const Wall&) = default;
};

using Point = Place;

/// Of the map: the same turned by half a circle, so that no side is the better one. None is
/// thinner than 2 · kMostMargin, and a tick's step is shorter than any: nothing jumps over one.
inline constexpr std::size_t kWalls = 12;
[[nodiscard]] const std::array<Wall, kWalls>& walls() noexcept;

/// Whether a player cannot stand there.
[[nodiscard]] bool in_wall(Point at) noexcept;
/// Where a step leads: an axis on which a wall is in the way is left out, so that players slide
/// along walls, and stay on the grid of their steps. Who is in a wall may walk out.
[[nodiscard]] Point slide(Point from, Length dx, Length dy) noexcept;

/// A wall (an index of walls()) whose inside the straight line meets; nothing: none is in between.
/// `margin`: of every wall, so much is left out on each side.
[[nodiscard]] std::optional<std::size_t> wall_between(Point from, Point to,
                                                      Length margin = 0) noexcept;

/// The most that a margin can be so that every wall still hides something.
inline constexpr Length kMostMargin = 6 * kUnit;
/// Two players who could see a part of each other within so many ticks are told of each other:
/// so nobody steps out from behind a wall without having been told.
inline constexpr int kLookaheadTicks = 8;

/// Whether one at `eye` may be told of one at `other`: only those who cannot come into sight within
/// kLookaheadTicks are hidden. Exact in one direction: leaving `margin` of each wall out is right
/// for any two points that are each within `margin` of these, for a line between those passes
/// within `margin` of the line between these. `known`: it was told before; stays so a bit longer,
/// and does not flicker.
[[nodiscard]] bool may_see(Point eye, Point other, bool known) noexcept;

}  // namespace troupe::game::arena

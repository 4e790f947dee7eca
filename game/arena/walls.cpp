#include "game/arena/walls.hpp"

#include <algorithm>

namespace troupe::game::arena {
namespace {

constexpr Wall wall(int x0, int y0, int x1, int y1) {
  return {x0 * kUnit, y0 * kUnit, x1 * kUnit, y1 * kUnit};
}

constexpr std::array<Wall, kWalls> kMap = {
    wall(30, 30, 54, 44),   wall(146, 156, 170, 170),  // corners
    wall(146, 30, 170, 44), wall(30, 156, 54, 170),
    wall(30, 80, 44, 120),  wall(156, 80, 170, 120),   // sides
    wall(80, 30, 120, 44),  wall(80, 156, 120, 170),   //
    wall(62, 62, 76, 76),   wall(124, 124, 138, 138),  // around the middle
    wall(124, 62, 138, 76), wall(62, 124, 76, 138)};

constexpr bool thick_enough() {
  return std::ranges::all_of(kMap, [](const Wall& w) {
    return w.x1 - w.x0 > 2 * kMostMargin && w.y1 - w.y0 > 2 * kMostMargin;
  });
}
static_assert(thick_enough());

// A grid over the arena, for points: which walls reach into a cell, a bit each. Lines are quicker
// tried against all of the few walls, most of which are off at the first look.
constexpr int kCellBits = 11;  ///< 8 units
constexpr int kCells = kArena >> kCellBits;
using Mask = std::uint16_t;
static_assert(kCells << kCellBits == kArena && kWalls <= 16);

constexpr std::size_t cell(int column, int row) {
  return static_cast<std::size_t>(row * kCells + column);
}

constexpr auto kGrid = [] {
  std::array<Mask, static_cast<std::size_t>(kCells * kCells)> grid{};
  for (std::size_t i = 0; i < kWalls; ++i) {
    const auto& w = kMap[i];
    for (int row = w.y0 >> kCellBits; row <= (w.y1 - 1) >> kCellBits; ++row) {
      for (int column = w.x0 >> kCellBits; column <= (w.x1 - 1) >> kCellBits; ++column)
        grid[cell(column, row)] |= static_cast<Mask>(1U << i);
    }
  }
  return grid;
}();

int cell_of(Length length) {
  return std::clamp(length >> kCellBits, 0, kCells - 1);
}

/// Whether the line meets the inside, by the separating axes x, y and across the line.
bool meets(Point a, Point b, const Wall& w) {
  if (std::max(a.x, b.x) <= w.x0 || std::min(a.x, b.x) >= w.x1 || std::max(a.y, b.y) <= w.y0 ||
      std::min(a.y, b.y) >= w.y1)
    return false;
  const std::int64_t dx = b.x - a.x, dy = b.y - a.y;
  const auto side = [&](Length x, Length y) { return dx * (y - a.y) - dy * (x - a.x); };
  const auto corners = {side(w.x0, w.y0), side(w.x1, w.y0), side(w.x0, w.y1), side(w.x1, w.y1)};
  const auto [least, most] = std::minmax(corners);
  return (dx == 0 && dy == 0) || (least < 0 && most > 0);
}

/// A player's body, and how far it walks: on both axes at once, 1.42 is more than the root of 2.
constexpr Length kSightMargin = kHitRadius + kLookaheadTicks * kWalkSpeed * 142 / 100;
constexpr Length kKnownMargin = kSightMargin + kUnit;
static_assert(kKnownMargin <= kMostMargin);

}  // namespace

const std::array<Wall, kWalls>& walls() noexcept {
  return kMap;
}

bool in_wall(Point at) noexcept {
  const auto mask = kGrid[cell(cell_of(at.x), cell_of(at.y))];
  for (std::size_t i = 0; i < kWalls; ++i) {
    const auto& w = kMap[i];
    if ((mask >> i & 1U) != 0 && at.x >= w.x0 && at.x < w.x1 && at.y >= w.y0 && at.y < w.y1)
      return true;
  }
  return false;
}

Point slide(Point from, Length dx, Length dy) noexcept {
  const auto inside = [](Length v) { return std::clamp<Length>(v, 0, kArena - 1); };
  const bool free = in_wall(from);
  Point at = from;
  at.x = inside(from.x + dx);
  if (!free && in_wall(at)) at.x = from.x;
  at.y = inside(from.y + dy);
  if (!free && in_wall(at)) at.y = from.y;
  return at;
}

std::optional<std::size_t> wall_between(Point from, Point to, Length margin) noexcept {
  for (std::size_t i = 0; i < kWalls; ++i) {
    const auto& w = kMap[i];
    if (meets(from, to, {w.x0 + margin, w.y0 + margin, w.x1 - margin, w.y1 - margin})) return i;
  }
  return std::nullopt;
}

bool may_see(Point eye, Point other, bool known) noexcept {
  return !wall_between(eye, other, known ? kKnownMargin : kSightMargin);
}

}  // namespace troupe::game::arena

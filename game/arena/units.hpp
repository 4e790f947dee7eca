// Measures of the arena. Integers only.
#pragma once

#include <cstdint>

#include "game/game.hpp"
#include "game/trig.hpp"

namespace troupe::game {

/// The arena is a square of 200 units, so a coordinate fits 16 bits.
inline constexpr Length kArena = 200 * kUnit;
inline constexpr Length kWalkSpeed = 64;  ///< per tick and axis
inline constexpr Length kHitRadius = 2 * kUnit;

}  // namespace troupe::game

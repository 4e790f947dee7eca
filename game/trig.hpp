// Directions in 256ths of a circle, without floating point: equal on every machine.
#pragma once

#include <cstdint>

#include "game/game.hpp"

namespace troupe::game {

/// sin of `aim` · 2π/256, times 1,024. 0 is east, 64 south.
[[nodiscard]] Length sine(std::uint8_t aim) noexcept;
[[nodiscard]] inline Length cosine(std::uint8_t aim) noexcept {
  return sine(static_cast<std::uint8_t>(aim + 64));
}

}  // namespace troupe::game

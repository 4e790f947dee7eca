// All games that there are.
#pragma once

#include <span>
#include <string_view>

#include "game/game.hpp"

namespace troupe::game {

/// What a match is of when nobody says.
inline constexpr const char* kStandardGame = "arena";

[[nodiscard]] std::span<const Game* const> games() noexcept;
/// Null: there is none of that name.
[[nodiscard]] const Game* find_game(std::string_view name) noexcept;

}  // namespace troupe::game

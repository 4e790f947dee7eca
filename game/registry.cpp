#include "game/registry.hpp"

#include <algorithm>
#include <array>

#include "game/arena/arena.hpp"
#include "game/ball/ball.hpp"
#include "game/sea/sea.hpp"

namespace troupe::game {

std::span<const Game* const> games() noexcept {
  static const std::array<const Game*, 3> kGames{&arena_game(), &ball::ball_game(),
                                                 &sea::sea_game()};
  return kGames;
}

const Game* find_game(std::string_view name) noexcept {
  const auto all = games();
  const auto it = std::ranges::find(all, name, &Game::name);
  return it != all.end() ? *it : nullptr;
}

}  // namespace troupe::game

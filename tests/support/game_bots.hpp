// Somebody to play any game: sensibly where the game is known here, else whatever passes for a
// command.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "game/arena/arena.hpp"
#include "game/arena/command.hpp"
#include "game/ball/ball.hpp"
#include "game/sea/sea.hpp"

namespace troupe::test {

using Random = std::mt19937;

inline game::PackedCommand arena_bot(Random& random) {
  return game::pack_command({.move_x = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                             .move_y = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1),
                             .aim = static_cast<std::uint8_t>(random()),
                             .fire = random() % 3 == 0});
}

/// Of a tick; now and then one does not come.
inline game::ArenaCommands arena_bots(Random& random, int players) {
  game::ArenaCommands out{};
  for (int i = 0; i < players; ++i) {
    if (random() % 8 != 0)
      out[static_cast<std::size_t>(i)] = game::unpack_command(arena_bot(random));
  }
  return out;
}

inline game::PackedCommand ball_bot(Random& random) {
  return game::ball::pack({.heading = static_cast<std::uint8_t>(random()),
                           .throttle = static_cast<std::uint8_t>(random() % 8),
                           .boost = random() % 4 == 0});
}

/// Hides its ships anywhere, shoots where it has not yet.
inline game::PackedCommand sea_bot(const game::sea::Sight* seen, Random& random) {
  using namespace game::sea;
  Order order;
  if (seen == nullptr || seen->of > 1) return pack(order);
  const auto any_cell = [&random] { return static_cast<std::uint8_t>(random() % kCells); };
  if (seen->phase == Phase::placing && !seen->ready[seen->of]) {
    order = {.kind = Order::Kind::place,
             .cell = any_cell(),
             .ship = static_cast<std::uint8_t>(random() % kShips.size()),
             .down = random() % 2 == 0};
  } else if (seen->phase == Phase::shooting && seen->turn == seen->of) {
    order = {.kind = Order::Kind::shoot, .cell = any_cell()};
    const auto& enemy = seen->boards[1 - seen->of];
    while (enemy[order.cell] != Cell::unknown) order.cell = any_cell();
  }
  return pack(order);
}

/// `seen`: what the player was shown last; null: nothing.
inline std::optional<game::PackedCommand> bot_command(const game::Game& game,
                                                      const game::View* seen, Random& random) {
  if (&game == &game::arena_game()) return arena_bot(random);
  if (&game == &game::ball::ball_game()) return ball_bot(random);
  if (&game == &game::sea::sea_game())
    return sea_bot(seen != nullptr ? &game::sea::sight_of(*seen) : nullptr, random);
  for (int tries = 0; tries < 64; ++tries) {
    std::string bytes(random() % game::PackedCommand::kMaxBytes + 1, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    if (const auto command = game.verify(bytes)) return command;
  }
  return std::nullopt;
}

/// What the player in `slot` is shown of a state by one who sends it everything it may see.
inline game::ViewPtr shown_to(const game::Game& game, const game::State& state, int slot) {
  const auto all = game.show_all(state);
  if (all && game.open_to_all(*all, {})) return all;
  return game.lens({})->select(state, all, slot, nullptr, nullptr);
}

/// What everybody does in a tick.
inline game::Commands bot_commands(const game::Game& game, const game::State& state,
                                   Random& random) {
  game::Commands out{};
  for (int slot = 0; slot < game.limits().most_players; ++slot) {
    if (!state.taken(slot) || random() % 8 == 0) continue;
    const auto seen = shown_to(game, state, slot);
    out[static_cast<std::size_t>(slot)] = bot_command(game, seen.get(), random);
  }
  return out;
}

}  // namespace troupe::test

// A GameClient in a match of the arena, in the arena's own types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "game/arena/arena.hpp"
#include "game/arena/command.hpp"
#include "net/client/game_client.hpp"
#include "net/client/prediction.hpp"

namespace troupe::client::arena {

/// How far, in 1/256 units on an axis, the predicted place can be from the confirmed one, and how
/// far a correction can move it: 11.25 units.
inline constexpr std::uint32_t kMaxDivergence =
    static_cast<std::uint32_t>(kMaxAhead) * static_cast<std::uint32_t>(game::kWalkSpeed);

[[nodiscard]] inline bool plays(const GameClient& client) noexcept {
  return client.rules() == &game::arena_game();
}

inline void send(GameClient& client, const game::Command& command) {
  client.send(game::pack_command(game::sanitise(command)));
}

/// The newest snapshot as the server made it; null: none yet.
[[nodiscard]] inline const game::Snapshot* latest(const GameClient& client) noexcept {
  const auto* view = plays(client) ? client.latest() : nullptr;
  return view != nullptr ? &game::snapshot_of(*view) : nullptr;
}

/// The own player with all unconfirmed commands applied.
[[nodiscard]] inline std::optional<game::Player> predicted(const GameClient& client) noexcept {
  const auto* own = plays(client) ? client.predicted() : nullptr;
  return own != nullptr ? static_cast<const game::ArenaPredictor*>(own)->player() : std::nullopt;
}

/// The others, `behind_ticks` behind the newest snapshot. Null until there are two.
[[nodiscard]] inline std::shared_ptr<const game::Snapshot> interpolated(const GameClient& client,
                                                                        double behind_ticks) {
  auto view = plays(client) ? client.interpolated(behind_ticks) : nullptr;
  if (!view) return nullptr;
  return {view, &game::snapshot_of(*view)};
}

}  // namespace troupe::client::arena

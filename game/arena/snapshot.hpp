// What clients are shown of the arena. Pure; shared by server and client.
#pragma once

#include <cstdint>
#include <vector>

#include "game/arena/world.hpp"

namespace troupe::game {

/// What a client is shown of a player: coordinates in 16 bits, as the rules have them, so nothing
/// is lost.
struct PlayerView {
  std::uint8_t slot = 0;
  std::uint16_t x = 0, y = 0;
  std::uint8_t aim = 0;
  std::uint8_t health = 0;
  bool alive = true;
  std::uint16_t score = 0;
  friend bool operator==(const PlayerView&, const PlayerView&) = default;
};
struct ProjectileView {
  std::uint16_t id = 0;
  std::uint8_t aim = 0;
  std::uint16_t x = 0, y = 0;
  friend bool operator==(const ProjectileView&, const ProjectileView&) = default;
};

/// Players by slot, projectiles by age: both orders are the world's own.
struct Snapshot {
  std::uint32_t tick = 0;
  std::vector<PlayerView> players;
  std::vector<ProjectileView> projectiles;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

[[nodiscard]] Snapshot take_snapshot(const World& world);

/// Where the rules take a projectile in `ticks`; the same integers on both sides.
[[nodiscard]] ProjectileView flown(ProjectileView view, std::uint32_t ticks) noexcept;

/// FNV-1a over the tick and all that is shown: equal on every machine. Its low 32 bits travel with
/// each snapshot as the checksum of what the reader must end up with.
[[nodiscard]] std::uint64_t view_hash(const Snapshot& snapshot) noexcept;
[[nodiscard]] inline std::uint32_t checksum(const Snapshot& snapshot) noexcept {
  return static_cast<std::uint32_t>(view_hash(snapshot));
}

}  // namespace troupe::game

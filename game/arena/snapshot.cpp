#include "game/arena/snapshot.hpp"

namespace troupe::game {
Snapshot take_snapshot(const World& world) {
  Snapshot out;
  out.tick = world.tick;
  for (int slot = 0; slot < kMaxPlayers; ++slot) {
    const auto& p = world.players[static_cast<std::size_t>(slot)];
    if (!p.present) continue;
    out.players.push_back({static_cast<std::uint8_t>(slot), static_cast<std::uint16_t>(p.x),
                           static_cast<std::uint16_t>(p.y), p.aim, p.health, p.respawn == 0,
                           p.score});
  }
  for (const auto& p : world.projectiles) {
    out.projectiles.push_back(
        {p.id, p.aim, static_cast<std::uint16_t>(p.x), static_cast<std::uint16_t>(p.y)});
  }
  return out;
}

// Modulo 2^16, for the absurd tick of a forged snapshot.
ProjectileView flown(ProjectileView view, std::uint32_t ticks) noexcept {
  const auto dx = sine(static_cast<std::uint8_t>(view.aim + 64)) * kProjectileSpeed / 1024;
  const auto dy = sine(view.aim) * kProjectileSpeed / 1024;
  view.x = static_cast<std::uint16_t>(view.x + static_cast<std::uint32_t>(dx) * ticks);
  view.y = static_cast<std::uint16_t>(view.y + static_cast<std::uint32_t>(dy) * ticks);
  return view;
}

std::uint64_t view_hash(const Snapshot& snapshot) noexcept {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  const auto mix = [&hash](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 1'099'511'628'211ULL;
  };
  mix(snapshot.tick, 4);
  mix(snapshot.players.size(), 1);
  for (const auto& p : snapshot.players) {
    mix(p.slot, 1);
    mix(p.x | static_cast<std::uint32_t>(p.y) << 16, 4);
    mix(p.aim, 1);
    mix(p.health | (p.alive ? 0x80U : 0U), 1);
    mix(p.score, 2);
  }
  for (const auto& p : snapshot.projectiles) {
    mix(p.id, 2);
    mix(p.x | static_cast<std::uint32_t>(p.y) << 16, 4);
    mix(p.aim, 1);
  }
  return hash;
}

}  // namespace troupe::game

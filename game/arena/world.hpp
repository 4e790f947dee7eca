// The arena: the deterministic rules that server and client share. Integers only, no clock, seeded
// randomness.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "game/arena/rewind.hpp"
#include "game/arena/shots.hpp"
#include "game/arena/units.hpp"

namespace troupe::game {

inline constexpr std::size_t kMaxProjectiles = 512;

inline constexpr Length kProjectileSpeed = 3 * kUnit;
inline constexpr int kFireCooldown = 8;      ///< ticks
inline constexpr int kHitscanCooldown = 15;  ///< ticks
inline constexpr int kProjectileTicks = 45;
inline constexpr int kRespawnTicks = 60;
inline constexpr int kFullHealth = 100;
inline constexpr int kDamage = 20;

inline constexpr int kWeapons = 8;
/// Hits at once, judged at what its shooter saw (shots.hpp). All other weapons shoot projectiles.
inline constexpr std::uint8_t kHitscanWeapon = 1;
[[nodiscard]] constexpr int cooldown_of(std::uint8_t weapon) noexcept {
  return weapon == kHitscanWeapon ? kHitscanCooldown : kFireCooldown;
}

struct Command {
  std::int8_t move_x = 0;  ///< -1, 0, 1
  std::int8_t move_y = 0;
  std::uint8_t aim = 0;  ///< 256 directions, 0 east, 64 south
  bool fire = false;
  std::uint8_t weapon = 0;         ///< of kWeapons
  std::uint16_t seen_tick = 0;     ///< low bits of the tick at which the player saw the others
  std::uint8_t seen_fraction = 0;  ///< and by how many 256ths of a tick it was past it
  friend bool operator==(const Command&, const Command&) = default;
};

struct Player {
  bool present = false;
  Length x = 0, y = 0;
  std::uint8_t aim = 0;
  std::uint8_t health = kFullHealth;
  std::uint8_t cooldown = 0;
  std::uint8_t respawn = 0;  ///< ticks until it is back; 0: alive
  std::uint16_t score = 0;
  friend bool operator==(const Player&, const Player&) = default;
};

struct Projectile {
  std::uint16_t id = 0;
  std::uint8_t owner = 0;
  std::uint8_t aim = 0;
  std::uint8_t ticks_left = 0;
  Length x = 0, y = 0;
  friend bool operator==(const Projectile&, const Projectile&) = default;
};

struct World {
  std::uint32_t tick = 0;
  std::uint64_t random = 1;  ///< state of the generator; never 0
  std::uint16_t next_projectile = 0;
  std::array<Player, kMaxPlayers> players{};
  std::vector<Projectile> projectiles;
  arena::History history;  ///< of the ticks before and this one: what shots are judged at
  friend bool operator==(const World&, const World&) = default;
};

[[nodiscard]] World make_world(std::uint64_t seed);
/// Puts a player at a random place. `slot` < kMaxPlayers.
void add_player(World& world, int slot);
void remove_player(World& world, int slot);

/// The movement of one player, alone: what a client predicts.
void move(Player& player, const Command& command) noexcept;
/// Makes a command from outside one that the rules allow.
[[nodiscard]] Command sanitise(Command command) noexcept;

/// By slot; nothing: it stands still.
using ArenaCommands = std::array<std::optional<Command>, kMaxPlayers>;
/// One tick: all move, fire, fly, are hit, come back. Returns the hitscan shots, by slot.
std::vector<arena::Verdict> step(World& world, const ArenaCommands& commands);

/// FNV-1a over the whole state: equal on every machine.
[[nodiscard]] std::uint64_t state_hash(const World& world) noexcept;

}  // namespace troupe::game

#include "game/arena/world.hpp"

#include <algorithm>

namespace troupe::game {
namespace {

/// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled",
/// 2016).
std::uint32_t next_random(World& world) {
  world.random ^= world.random >> 12;
  world.random ^= world.random << 25;
  world.random ^= world.random >> 27;
  return static_cast<std::uint32_t>((world.random * 0x2545F4914F6CDD1DULL) >> 32);
}

void place(World& world, Player& player) {
  // Walls are a ninth of the arena: so many tries do not all fail.
  for (int tries = 0; tries < 32; ++tries) {
    player.x = static_cast<Length>(next_random(world) % static_cast<std::uint32_t>(kArena));
    player.y = static_cast<Length>(next_random(world) % static_cast<std::uint32_t>(kArena));
    if (!arena::in_wall({player.x, player.y})) break;
  }
  player.health = kFullHealth;
  player.respawn = 0;
  player.cooldown = 0;
}

void fire(World& world, int slot) {
  auto& player = world.players[static_cast<std::size_t>(slot)];
  if (player.cooldown > 0 || world.projectiles.size() >= kMaxProjectiles) return;
  player.cooldown = kFireCooldown;
  world.projectiles.push_back({world.next_projectile++, static_cast<std::uint8_t>(slot), player.aim,
                               kProjectileTicks, player.x, player.y});
}

bool hits(const Projectile& projectile, const Player& player, int slot) {
  if (!player.present || player.respawn > 0 || projectile.owner == slot) return false;
  const std::int64_t dx = projectile.x - player.x, dy = projectile.y - player.y;
  return dx * dx + dy * dy <= std::int64_t{kHitRadius} * kHitRadius;
}

void hurt(World& world, Player& victim, std::uint8_t shooter) {
  if (victim.health > kDamage) {
    victim.health = static_cast<std::uint8_t>(victim.health - kDamage);
    return;
  }
  victim.health = 0;
  victim.respawn = kRespawnTicks;
  auto& winner = world.players[shooter];
  if (winner.present && winner.score < UINT16_MAX) ++winner.score;
}

/// A hit of whoever is there no more, or was shot within this tick, hurts nobody.
void hit(World& world, const arena::Verdict& verdict) {
  if (!verdict.hit) return;
  auto& victim = world.players[*verdict.hit];
  if (victim.present && victim.respawn == 0) hurt(world, victim, verdict.shot.shooter);
}

/// Where everybody stands now, for shots of later ticks.
void remember(World& world) {
  arena::Stands stands{};
  for (std::size_t slot = 0; slot < stands.size(); ++slot) {
    const auto& p = world.players[slot];
    if (p.present && p.respawn == 0)
      stands[slot] = {static_cast<std::uint16_t>(p.x), static_cast<std::uint16_t>(p.y), true};
  }
  world.history.record(world.tick, stands);
}

/// True when the projectile is spent.
bool fly(World& world, Projectile& projectile) {
  const Place from{projectile.x, projectile.y};
  projectile.x += sine(static_cast<std::uint8_t>(projectile.aim + 64)) * kProjectileSpeed / 1024;
  projectile.y += sine(projectile.aim) * kProjectileSpeed / 1024;
  if (--projectile.ticks_left == 0) return true;
  if (projectile.x < 0 || projectile.y < 0 || projectile.x >= kArena || projectile.y >= kArena)
    return true;
  if (arena::wall_between(from, {projectile.x, projectile.y})) return true;
  for (int slot = 0; slot < kMaxPlayers; ++slot) {
    auto& player = world.players[static_cast<std::size_t>(slot)];
    if (!hits(projectile, player, slot)) continue;
    hurt(world, player, projectile.owner);
    return true;
  }
  return false;
}

}  // namespace

World make_world(std::uint64_t seed) {
  World world;
  world.random = seed == 0 ? 1 : seed;
  return world;
}

void add_player(World& world, int slot) {
  auto& player = world.players[static_cast<std::size_t>(slot)];
  player = {};
  player.present = true;
  place(world, player);
}

void remove_player(World& world, int slot) {
  world.players[static_cast<std::size_t>(slot)] = {};
  world.history.forget(slot);
}

Command sanitise(Command command) noexcept {
  command.move_x = static_cast<std::int8_t>(std::clamp<int>(command.move_x, -1, 1));
  command.move_y = static_cast<std::int8_t>(std::clamp<int>(command.move_y, -1, 1));
  command.weapon = static_cast<std::uint8_t>(command.weapon % kWeapons);
  return command;
}

void move(Player& player, const Command& command) noexcept {
  player.aim = command.aim;
  const auto to =
      arena::slide({player.x, player.y}, command.move_x * kWalkSpeed, command.move_y * kWalkSpeed);
  player.x = to.x;
  player.y = to.y;
}

std::vector<arena::Verdict> step(World& world, const ArenaCommands& commands) {
  ++world.tick;
  std::vector<arena::Verdict> shots;
  for (int slot = 0; slot < kMaxPlayers; ++slot) {
    auto& player = world.players[static_cast<std::size_t>(slot)];
    if (!player.present) continue;
    if (player.respawn > 0) {
      if (--player.respawn == 0) place(world, player);
      continue;
    }
    if (player.cooldown > 0) --player.cooldown;
    const auto& command = commands[static_cast<std::size_t>(slot)];
    if (!command) continue;
    move(player, *command);
    if (!command->fire || player.cooldown > 0) continue;
    if (command->weapon != kHitscanWeapon) {
      fire(world, slot);
      continue;
    }
    player.cooldown = kHitscanCooldown;
    shots.push_back(arena::judge_shot(world.history, {static_cast<std::uint8_t>(slot),
                                                      player.aim,
                                                      {player.x, player.y},
                                                      world.tick,
                                                      command->seen_tick,
                                                      command->seen_fraction}));
  }
  // Judged before anybody is hurt: two can hit each other at once.
  for (const auto& verdict : shots) hit(world, verdict);
  std::erase_if(world.projectiles, [&](Projectile& projectile) { return fly(world, projectile); });
  remember(world);
  return shots;
}

std::uint64_t state_hash(const World& world) noexcept {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  const auto mix = [&hash](std::uint64_t value) {
    for (int i = 0; i < 8; ++i) hash = (hash ^ ((value >> (8 * i)) & 0xff)) * 1'099'511'628'211ULL;
  };
  mix(world.tick);
  mix(world.random);
  mix(world.next_projectile);
  for (const auto& p : world.players) {
    if (!p.present) continue;
    mix(static_cast<std::uint64_t>(p.x) << 32 | static_cast<std::uint32_t>(p.y));
    mix(static_cast<std::uint64_t>(p.aim) << 40 | static_cast<std::uint64_t>(p.health) << 32 |
        static_cast<std::uint64_t>(p.cooldown) << 24 | static_cast<std::uint64_t>(p.respawn) << 16 |
        p.score);
  }
  for (const auto& p : world.projectiles) {
    mix(static_cast<std::uint64_t>(p.x) << 32 | static_cast<std::uint32_t>(p.y));
    mix(static_cast<std::uint64_t>(p.id) << 24 | static_cast<std::uint64_t>(p.owner) << 16 |
        static_cast<std::uint64_t>(p.aim) << 8 | p.ticks_left);
  }
  Fnv history;
  world.history.mix_into(history);
  mix(history.value());
  return hash;
}

}  // namespace troupe::game

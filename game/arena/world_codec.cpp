#include "game/arena/world_codec.hpp"

#include <algorithm>

#include "game/bytes.hpp"

namespace troupe::game {
namespace {

constexpr std::uint8_t kVersion = 2;

void put_player(std::string& out, const Player& p) {
  put_bytes(out, static_cast<std::uint32_t>(p.x), 2);
  put_bytes(out, static_cast<std::uint32_t>(p.y), 2);
  put_bytes(out, p.aim, 1);
  put_bytes(out, p.health, 1);
  put_bytes(out, p.cooldown, 1);
  put_bytes(out, p.respawn, 1);
  put_bytes(out, p.score, 2);
}

void put_projectile(std::string& out, const Projectile& p) {
  put_bytes(out, p.id, 2);
  put_bytes(out, p.owner, 1);
  put_bytes(out, p.aim, 1);
  put_bytes(out, p.ticks_left, 1);
  put_bytes(out, static_cast<std::uint32_t>(p.x), 2);
  put_bytes(out, static_cast<std::uint32_t>(p.y), 2);
}

bool get_player(ByteReader& in, Player& p) {
  p.present = true;
  p.x = in.get<std::uint16_t>();
  p.y = in.get<std::uint16_t>();
  p.aim = in.get<std::uint8_t>();
  p.health = in.get<std::uint8_t>();
  p.cooldown = in.get<std::uint8_t>();
  p.respawn = in.get<std::uint8_t>();
  p.score = in.get<std::uint16_t>();
  return p.x < kArena && p.y < kArena && p.health <= kFullHealth && p.respawn <= kRespawnTicks &&
         p.cooldown <= std::max(kFireCooldown, kHitscanCooldown);
}

bool get_projectile(ByteReader& in, Projectile& p) {
  p.id = in.get<std::uint16_t>();
  p.owner = in.get<std::uint8_t>();
  p.aim = in.get<std::uint8_t>();
  p.ticks_left = in.get<std::uint8_t>();
  p.x = in.get<std::uint16_t>();
  p.y = in.get<std::uint16_t>();
  return p.owner < kMaxPlayers && p.ticks_left > 0 && p.ticks_left <= kProjectileTicks &&
         p.x < kArena && p.y < kArena;
}

}  // namespace

std::string encode_world(const World& world) {
  std::string out;
  put_bytes(out, kVersion, 1);
  put_bytes(out, world.tick, 4);
  put_bytes(out, world.random, 8);
  put_bytes(out, world.next_projectile, 2);
  std::uint64_t present = 0;
  for (std::size_t slot = 0; slot < world.players.size(); ++slot)
    present |= std::uint64_t{world.players[slot].present} << slot;
  put_bytes(out, present, 8);
  for (const auto& player : world.players) {
    if (player.present) put_player(out, player);
  }
  put_bytes(out, world.projectiles.size(), 2);
  for (const auto& projectile : world.projectiles) put_projectile(out, projectile);
  world.history.encode(out);
  return out;
}

std::optional<World> decode_world(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get(1) != kVersion) return std::nullopt;
  World world;
  world.tick = in.get();
  world.random = in.get<std::uint64_t>();
  world.next_projectile = in.get<std::uint16_t>();
  const auto present = in.get<std::uint64_t>();
  for (std::size_t slot = 0; slot < world.players.size(); ++slot) {
    const bool here = (present >> slot & 1) != 0;
    if (here && !get_player(in, world.players[slot])) return std::nullopt;
  }
  const auto projectiles = in.get<std::uint16_t>();
  if (projectiles > kMaxProjectiles || world.random == 0 || world.tick > kMostTicks)
    return std::nullopt;
  for (int i = 0; i < projectiles; ++i) {
    Projectile projectile;
    if (!in.ok() || !get_projectile(in, projectile)) return std::nullopt;
    world.projectiles.push_back(projectile);
  }
  if (!world.history.decode(in) || !in.complete()) return std::nullopt;
  return world;
}

}  // namespace troupe::game

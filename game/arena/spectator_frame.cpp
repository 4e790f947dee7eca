#include "game/arena/spectator_frame.hpp"

#include <concepts>

namespace troupe::game {
namespace {

constexpr std::uint8_t kVersion = 1;

void put(std::string& out, std::unsigned_integral auto value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

}  // namespace

std::string encode_spectator_frame(const Snapshot& snapshot) {
  std::string out;
  out.reserve(8 + 10 * snapshot.players.size() + 7 * snapshot.projectiles.size());
  put(out, kVersion);
  put(out, static_cast<std::uint8_t>(snapshot.players.size()));
  put(out, static_cast<std::uint16_t>(snapshot.projectiles.size()));
  put(out, snapshot.tick);
  for (const auto& player : snapshot.players) {
    put(out, player.slot);
    put(out, static_cast<std::uint8_t>(player.alive ? 1 : 0));
    put(out, player.aim);
    put(out, player.health);
    put(out, player.score);
    put(out, player.x);
    put(out, player.y);
  }
  for (const auto& projectile : snapshot.projectiles) {
    put(out, projectile.id);
    put(out, projectile.x);
    put(out, projectile.y);
    put(out, projectile.aim);
  }
  return out;
}

}  // namespace troupe::game

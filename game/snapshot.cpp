#include "game/snapshot.hpp"

#include <algorithm>
#include <array>

#include "game/bits.hpp"

namespace troupe::game {
namespace {

constexpr int kSmallStepBits = 5;  // in walking steps: -16 … 15
constexpr int kCountBits = 10;

std::optional<int> walking_steps(std::uint16_t from, std::uint16_t to) {
  const int difference = static_cast<int>(to) - static_cast<int>(from);
  if (difference % kWalkSpeed != 0) return std::nullopt;
  const int steps = difference / kWalkSpeed;
  return steps >= -16 && steps <= 15 ? std::optional(steps) : std::nullopt;
}

void put_coordinate(BitWriter& out, std::uint16_t from, std::uint16_t to) {
  const auto steps = walking_steps(from, to);
  out.flag(steps.has_value());
  if (steps) {
    out.put(static_cast<std::uint32_t>(*steps + 16), kSmallStepBits);
  } else {
    out.put(to, 16);
  }
}

std::uint16_t get_coordinate(BitReader& in, std::uint16_t from) {
  if (!in.flag()) return static_cast<std::uint16_t>(in.get(16));
  const int steps = static_cast<int>(in.get(kSmallStepBits)) - 16;
  return static_cast<std::uint16_t>(static_cast<int>(from) + steps * kWalkSpeed);
}

void put_player(BitWriter& out, const PlayerView& from, const PlayerView& to) {
  if (from == to) return out.flag(false);
  out.flag(true);
  const bool moved = from.x != to.x || from.y != to.y;
  out.flag(moved);
  if (moved) {
    put_coordinate(out, from.x, to.x);
    put_coordinate(out, from.y, to.y);
  }
  out.flag(from.aim != to.aim);
  if (from.aim != to.aim) out.put(to.aim, 8);
  const bool rare = from.health != to.health || from.alive != to.alive || from.score != to.score;
  out.flag(rare);
  if (!rare) return;
  out.put(to.health, 7);
  out.flag(to.alive);
  out.put(to.score, 16);
}

PlayerView get_player(BitReader& in, const PlayerView& from) {
  auto to = from;
  if (!in.flag()) return to;
  if (in.flag()) {
    to.x = get_coordinate(in, from.x);
    to.y = get_coordinate(in, from.y);
  }
  if (in.flag()) to.aim = static_cast<std::uint8_t>(in.get(8));
  if (!in.flag()) return to;
  to.health = static_cast<std::uint8_t>(in.get(7));
  to.alive = in.flag();
  to.score = static_cast<std::uint16_t>(in.get(16));
  return to;
}

const PlayerView* find(const Snapshot& snapshot, std::uint8_t slot) {
  const auto it = std::lower_bound(snapshot.players.begin(), snapshot.players.end(), slot,
                                   [](const PlayerView& p, std::uint8_t s) { return p.slot < s; });
  return it != snapshot.players.end() && it->slot == slot ? &*it : nullptr;
}

void put_players(BitWriter& out, const Snapshot& baseline, const Snapshot& now) {
  // Who is there: one bit says that it is the same set as before.
  const bool same =
      baseline.players.size() == now.players.size() &&
      std::equal(now.players.begin(), now.players.end(), baseline.players.begin(),
                 [](const PlayerView& a, const PlayerView& b) { return a.slot == b.slot; });
  out.flag(same);
  if (!same) {
    for (int slot = 0; slot < kMaxPlayers; ++slot)
      out.flag(find(now, static_cast<std::uint8_t>(slot)) != nullptr);
  }
  for (const auto& to : now.players) {
    const auto* from = find(baseline, to.slot);
    put_player(out, from != nullptr ? *from : PlayerView{.slot = to.slot}, to);
  }
}

bool get_players(BitReader& in, const Snapshot& baseline, Snapshot& now) {
  std::vector<std::uint8_t> slots;
  if (in.flag()) {
    for (const auto& player : baseline.players) slots.push_back(player.slot);
  } else {
    for (int slot = 0; slot < kMaxPlayers; ++slot) {
      if (in.flag()) slots.push_back(static_cast<std::uint8_t>(slot));
    }
  }
  for (const auto slot : slots) {
    const auto* from = find(baseline, slot);
    now.players.push_back(get_player(in, from != nullptr ? *from : PlayerView{.slot = slot}));
  }
  return in.ok();
}

/// Projectiles of the baseline: one bit each, gone or flown on; then the new ones.
void put_projectiles(BitWriter& out, const Snapshot& baseline, const Snapshot& now) {
  const auto ticks = now.tick - baseline.tick;
  std::size_t kept = 0;
  std::vector<bool> used(now.projectiles.size());
  for (const auto& old : baseline.projectiles) {
    const auto expected = flown(old, ticks);
    const auto it = std::find(now.projectiles.begin() + static_cast<std::ptrdiff_t>(kept),
                              now.projectiles.end(), expected);
    const bool stays = it != now.projectiles.end();
    out.flag(stays);
    if (!stays) continue;
    const auto index = static_cast<std::size_t>(it - now.projectiles.begin());
    used[index] = true;
    kept = index + 1;
  }
  const auto fresh = static_cast<std::uint32_t>(std::count(used.begin(), used.end(), false));
  out.put(fresh, kCountBits);
  for (std::size_t i = 0; i < now.projectiles.size(); ++i) {
    if (used[i]) continue;
    const auto& p = now.projectiles[i];
    out.put(static_cast<std::uint32_t>(i), kCountBits);
    out.put(p.id, 16);
    out.put(p.aim, 8);
    out.put(p.x, 16);
    out.put(p.y, 16);
  }
}

bool get_projectiles(BitReader& in, const Snapshot& baseline, Snapshot& now) {
  std::vector<ProjectileView> kept;
  for (const auto& old : baseline.projectiles) {
    if (in.flag()) kept.push_back(flown(old, now.tick - baseline.tick));
  }
  const auto fresh = in.get(kCountBits);
  if (!in.ok() || kept.size() + fresh > kMaxProjectiles) return false;
  now.projectiles = std::move(kept);
  for (std::uint32_t i = 0; i < fresh; ++i) {
    const auto index = in.get(kCountBits);
    ProjectileView p;
    p.id = static_cast<std::uint16_t>(in.get(16));
    p.aim = static_cast<std::uint8_t>(in.get(8));
    p.x = static_cast<std::uint16_t>(in.get(16));
    p.y = static_cast<std::uint16_t>(in.get(16));
    if (!in.ok() || index > now.projectiles.size()) return false;
    now.projectiles.insert(now.projectiles.begin() + static_cast<std::ptrdiff_t>(index), p);
  }
  return true;
}

}  // namespace

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

/// Where the rules take a projectile in `ticks`; the same integers on both sides, and modulo 2^16
/// for the absurd tick of a forged snapshot.
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

std::string encode_delta(const Snapshot& baseline, const Snapshot& now) {
  BitWriter out;
  put_players(out, baseline, now);
  put_projectiles(out, baseline, now);
  return out.take();
}

std::optional<Snapshot> decode_delta(const Snapshot& baseline, std::uint32_t tick,
                                     std::string_view bytes) {
  Snapshot now;
  now.tick = tick;
  BitReader in(bytes);
  if (!get_players(in, baseline, now) || !get_projectiles(in, baseline, now)) return std::nullopt;
  return now;
}

}  // namespace troupe::game

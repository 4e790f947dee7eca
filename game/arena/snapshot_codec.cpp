#include "game/arena/snapshot_codec.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <vector>

namespace troupe::game {
namespace {

constexpr int kIndexBits = 10;  ///< of a projectile
static_assert(kMaxProjectiles <= 1U << kIndexBits && kMaxPlayers <= 64);

constexpr std::array<Field, 6> kPlayerFields{{{.name = "x", .step = kWalkSpeed},
                                              {.name = "y", .step = kWalkSpeed},
                                              {.name = "aim", .bits = 8},
                                              {.name = "health", .bits = 7},
                                              {.name = "alive", .bits = 1},
                                              {.name = "score", .bits = 16}}};

RowSet to_rows(const Snapshot& snapshot) {
  RowSet out{.tick = snapshot.tick, .ids = {}, .rows = {}};
  out.ids.reserve(snapshot.players.size());
  out.rows.reserve(snapshot.players.size());
  for (const auto& p : snapshot.players) {
    out.ids.push_back(p.slot);
    out.rows.push_back({p.x, p.y, p.aim, p.health, p.alive ? 1 : 0, p.score});
  }
  return out;
}

PlayerView to_player(std::uint16_t slot, const Row& row) {
  return {static_cast<std::uint8_t>(slot),    static_cast<std::uint16_t>(row[0]),
          static_cast<std::uint16_t>(row[1]), static_cast<std::uint8_t>(row[2]),
          static_cast<std::uint8_t>(row[3]),  row[4] != 0,
          static_cast<std::uint16_t>(row[5])};
}

bool get_players(EntropyDecoder& in, SnapshotModel& model, const Snapshot& baseline,
                 Snapshot& now) {
  RowSet rows{.tick = now.tick, .ids = {}, .rows = {}};
  if (!decode_rows(in, model.players, kPlayerFields, to_rows(baseline), kMaxPlayers, rows))
    return false;
  if (!rows.ids.empty() && rows.ids.back() >= kMaxPlayers) return false;
  for (std::size_t i = 0; i < rows.ids.size(); ++i)
    now.players.push_back(to_player(rows.ids[i], rows.rows[i]));
  return true;
}

std::int32_t shortest(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(to - from));
}

/// A fresh projectile as one that a player shot some ticks ago and that flew on; the player walked
/// meanwhile.
struct Shot {
  std::size_t shooter = 0;
  std::int32_t age = 1;                   ///< ticks of flight, 1 to kMaxAge
  std::int32_t steps_x = 0, steps_y = 0;  ///< of walking, from where the shooter is now
};
constexpr std::int32_t kMaxAge = 8;

ProjectileView shot_by(const PlayerView& player, const Shot& shot, std::uint8_t aim) {
  ProjectileView out{.id = 0, .aim = aim, .x = player.x, .y = player.y};
  out.x = static_cast<std::uint16_t>(out.x + shot.steps_x * kWalkSpeed);
  out.y = static_cast<std::uint16_t>(out.y + shot.steps_y * kWalkSpeed);
  return flown(out, static_cast<std::uint32_t>(shot.age));
}

/// Nothing when nobody can have shot it so lately.
std::optional<Shot> explain(const Snapshot& now, const ProjectileView& p, std::uint32_t ticks) {
  const auto oldest = static_cast<std::int32_t>(std::min<std::uint32_t>(ticks, kMaxAge));
  const auto one = flown({.id = 0, .aim = p.aim, .x = 0, .y = 0}, 1);
  auto origin = p;
  for (std::int32_t age = 1; age <= oldest; ++age) {
    origin.x = static_cast<std::uint16_t>(origin.x - one.x);
    origin.y = static_cast<std::uint16_t>(origin.y - one.y);
    for (std::size_t i = 0; i < now.players.size(); ++i) {
      const auto dx = shortest(now.players[i].x, origin.x);
      const auto dy = shortest(now.players[i].y, origin.y);
      const auto reach = age * kWalkSpeed;
      if (std::abs(dx) > reach || std::abs(dy) > reach) continue;
      if (dx % kWalkSpeed == 0 && dy % kWalkSpeed == 0)
        return Shot{i, age, dx / kWalkSpeed, dy / kWalkSpeed};
    }
  }
  return std::nullopt;
}

void put_shot(EntropyEncoder& out, SnapshotModel& model, const Snapshot& now, const Shot& shot,
              std::uint8_t aim) {
  std::size_t node = 1;
  for (int i = 5; i >= 0; --i) {
    const bool bit = (shot.shooter >> i & 1U) != 0;
    out.bit(model.shooter[node], bit);
    node = node * 2 + (bit ? 1 : 0);
  }
  model.age.encode(out, shot.age - 1);
  model.aim.encode(out, static_cast<std::int8_t>(aim - now.players[shot.shooter].aim));
  model.steps_x.encode(out, shot.steps_x);
  model.steps_y.encode(out, shot.steps_y);
}

std::optional<ProjectileView> get_shot(EntropyDecoder& in, SnapshotModel& model,
                                       const Snapshot& now) {
  std::size_t node = 1;
  for (int i = 0; i < 6; ++i) node = node * 2 + (in.bit(model.shooter[node]) ? 1 : 0);
  Shot shot{.shooter = node - 64};
  shot.age = model.age.decode(in) + 1;
  const auto aim = model.aim.decode(in);
  shot.steps_x = model.steps_x.decode(in);
  shot.steps_y = model.steps_y.decode(in);
  if (shot.shooter >= now.players.size() || shot.age < 1 || shot.age > kMaxAge) return std::nullopt;
  const auto& player = now.players[shot.shooter];
  return shot_by(player, shot, static_cast<std::uint8_t>(player.aim + aim));
}

void put_fresh(EntropyEncoder& out, SnapshotModel& model, const Snapshot& now, std::size_t index,
               std::size_t at_end, std::uint16_t last_id, std::uint32_t ticks) {
  const auto& p = now.projectiles[index];
  out.bit(model.appended, index == at_end);
  if (index != at_end) out.raw(static_cast<std::uint32_t>(index), kIndexBits);
  model.id.encode(out, shortest(last_id + 1U, p.id));
  const auto shot = explain(now, p, ticks);
  out.bit(model.of_player, shot.has_value());
  if (shot) return put_shot(out, model, now, *shot, p.aim);
  out.raw(p.aim, 8);
  out.raw(p.x, 16);
  out.raw(p.y, 16);
}

/// Projectiles of the baseline: one bit each, gone or flown on; then the new ones.
void put_projectiles(EntropyEncoder& out, SnapshotModel& model, const Snapshot& baseline,
                     const Snapshot& now) {
  const auto ticks = now.tick - baseline.tick;
  std::vector<bool> used(now.projectiles.size());
  std::size_t next = 0, kept = 0;
  std::uint16_t last_id = 0;
  for (const auto& old : baseline.projectiles) {
    last_id = old.id;
    const auto it = std::find(now.projectiles.begin() + static_cast<std::ptrdiff_t>(next),
                              now.projectiles.end(), flown(old, ticks));
    const bool stays = it != now.projectiles.end();
    out.bit(model.stays, stays);
    if (!stays) continue;
    next = static_cast<std::size_t>(it - now.projectiles.begin());
    used[next++] = true;
    ++kept;
  }
  const auto fresh = now.projectiles.size() - kept;
  model.fresh.encode(out, static_cast<std::int32_t>(fresh));
  for (std::size_t i = 0; i < now.projectiles.size(); ++i) {
    if (used[i]) continue;
    put_fresh(out, model, now, i, kept++, last_id, ticks);
    last_id = now.projectiles[i].id;
  }
}

bool get_fresh(EntropyDecoder& in, SnapshotModel& model, Snapshot& now, std::uint16_t& last_id) {
  const auto index = in.bit(model.appended) ? now.projectiles.size() : in.raw(kIndexBits);
  last_id = static_cast<std::uint16_t>(last_id + 1 + model.id.decode(in));
  ProjectileView p{.id = last_id};
  if (in.bit(model.of_player)) {
    const auto shot = get_shot(in, model, now);
    if (!shot) return false;
    p = *shot;
    p.id = last_id;
  } else {
    p.aim = static_cast<std::uint8_t>(in.raw(8));
    p.x = static_cast<std::uint16_t>(in.raw(16));
    p.y = static_cast<std::uint16_t>(in.raw(16));
  }
  if (in.exhausted() || index > now.projectiles.size()) return false;
  now.projectiles.insert(now.projectiles.begin() + static_cast<std::ptrdiff_t>(index), p);
  return true;
}

bool get_projectiles(EntropyDecoder& in, SnapshotModel& model, const Snapshot& baseline,
                     Snapshot& now) {
  const auto ticks = now.tick - baseline.tick;
  std::uint16_t last_id = 0;
  for (const auto& old : baseline.projectiles) {
    last_id = old.id;
    if (in.bit(model.stays)) now.projectiles.push_back(flown(old, ticks));
  }
  const auto fresh = model.fresh.decode(in);
  if (fresh < 0 || now.projectiles.size() + static_cast<std::size_t>(fresh) > kMaxProjectiles)
    return false;
  for (std::int32_t i = 0; i < fresh; ++i) {
    if (!get_fresh(in, model, now, last_id)) return false;
  }
  return true;
}

}  // namespace

SnapshotModel::SnapshotModel() : players(kPlayerFields) {}

std::string encode_snapshot(SnapshotModel& model, const Snapshot& baseline, const Snapshot& now) {
  assert(now.projectiles.size() <= kMaxProjectiles);
  EntropyEncoder out;
  encode_rows(out, model.players, kPlayerFields, to_rows(baseline), to_rows(now));
  put_projectiles(out, model, baseline, now);
  return out.take();
}

std::optional<Snapshot> decode_snapshot(SnapshotModel& model, const Snapshot& baseline,
                                        std::uint32_t tick, std::string_view bytes) {
  Snapshot now;
  now.tick = tick;
  EntropyDecoder in(bytes);
  if (!get_players(in, model, baseline, now) || !get_projectiles(in, model, baseline, now) ||
      !in.complete())
    return std::nullopt;
  return now;
}

}  // namespace troupe::game

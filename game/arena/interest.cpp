#include "game/arena/interest.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

namespace troupe::game {
namespace {

/// By estimate, and generous: a row of which every field is new; a projectile nobody is known to
/// have shot.
constexpr std::uint32_t kPlayerBytes = 9, kShotBytes = 8;
/// Who is in sight stays so a little further out, and does not flicker at the edge.
constexpr Length kEdge = 4 * kUnit;

const PlayerView* find(const Snapshot* in, std::uint8_t slot) {
  if (in == nullptr) return nullptr;
  const auto it = std::ranges::lower_bound(in->players, slot, {}, &PlayerView::slot);
  return it != in->players.end() && it->slot == slot ? &*it : nullptr;
}

bool has(const Snapshot* in, std::uint16_t projectile) {
  return in != nullptr && std::ranges::find(in->projectiles, projectile, &ProjectileView::id) !=
                              in->projectiles.end();
}

/// In a straight line, squared.
template <class Thing>
std::int64_t apart(const PlayerView& from, const Thing& to) {
  const std::int64_t dx = from.x - to.x, dy = from.y - to.y;
  return dx * dx + dy * dy;
}

bool within(std::int64_t squared, Length distance) {
  return squared <= std::int64_t{distance} * distance;
}

/// What a change gains in a tick: 1 far off, 4 close by.
std::uint32_t gain(std::int64_t squared) {
  return within(squared, 20 * kUnit) ? 4 : within(squared, 50 * kUnit) ? 2 : 1;
}

struct Waiting {
  std::uint32_t urgency = 0;
  std::uint8_t slot = 0;
};

}  // namespace

bool fits_all(const Snapshot& now, const InterestOptions& options) noexcept {
  const auto most = now.players.size() * kPlayerBytes + now.projectiles.size() * kShotBytes;
  return options.view_distance == 0 && !options.line_of_sight &&
         (options.budget_bytes == 0 || most <= options.budget_bytes);
}

Snapshot Interest::select(const Snapshot& now, std::uint8_t own, const Snapshot* last,
                          const Snapshot* baseline, const InterestOptions& options) {
  Snapshot out;
  out.tick = now.tick;
  const auto* eye = find(&now, own);
  const auto hidden = [&](const auto& thing, bool known) {
    return options.line_of_sight && eye != nullptr &&
           !arena::may_see({eye->x, eye->y}, {thing.x, thing.y}, known);
  };
  std::uint32_t spent = 0;
  std::vector<Waiting> waiting;
  std::array<std::optional<PlayerView>, kMaxPlayers> shown{};
  std::array<bool, kMaxPlayers> seen{};
  for (const auto& player : now.players) {
    const auto far = eye != nullptr ? apart(*eye, player) : 0;
    const bool known = in_sight_[player.slot];
    const bool near =
        options.view_distance == 0 || within(far, options.view_distance + (known ? kEdge : 0));
    seen[player.slot] = player.slot == own || (near && !hidden(player, known));
  }
  // Where all of that fits, nobody has to wait for a turn.
  const auto visible = static_cast<std::size_t>(std::ranges::count(seen, true));
  const bool crowded =
      options.budget_bytes != 0 &&
      visible * kPlayerBytes + now.projectiles.size() * kShotBytes > options.budget_bytes;
  for (const auto& player : now.players) {
    if (!seen[player.slot]) continue;
    const auto far = eye != nullptr ? apart(*eye, player) : 0;
    const auto* before = find(last, player.slot);
    const auto* known = find(baseline, player.slot);
    const bool on_its_way = before != nullptr && (known == nullptr || *before != *known);
    auto& urgency = urgency_[player.slot];
    if (before != nullptr && *before == player && !on_its_way) {
      shown[player.slot] = player;
      urgency = 0;
    } else if (player.slot == own || !crowded) {
      shown[player.slot] = player;
      spent += kPlayerBytes;
      urgency = 0;
    } else if (on_its_way) {
      // As it was sent: were it changed each time, it would be on its way for ever.
      shown[player.slot] = *before;
      spent += kPlayerBytes;
      urgency += gain(far);
    } else {
      urgency += gain(far);
      waiting.push_back({urgency, player.slot});
      if (before != nullptr) shown[player.slot] = *before;
    }
  }
  in_sight_ = seen;
  std::vector<bool> flies(now.projectiles.size());
  for (std::size_t i = 0; i < now.projectiles.size(); ++i) {
    const auto& shot = now.projectiles[i];
    if (eye != nullptr && options.view_distance != 0 &&
        !within(apart(*eye, shot), options.view_distance))
      continue;
    if (hidden(shot, has(last, shot.id))) continue;
    if (has(baseline, shot.id)) {
      flies[i] = true;  // its reader flies it by the rules
    } else if (!crowded || has(last, shot.id) || spent + kShotBytes <= options.budget_bytes / 2) {
      flies[i] = true;
      spent += kShotBytes;
    }
  }
  std::ranges::stable_sort(waiting, std::ranges::greater{}, &Waiting::urgency);
  for (const auto& one : waiting) {
    if (spent + kPlayerBytes > options.budget_bytes) break;  // only who is crowded waits
    spent += kPlayerBytes;
    shown[one.slot] = *find(&now, one.slot);
    urgency_[one.slot] = 0;
  }
  for (const auto& player : shown) {
    if (player) out.players.push_back(*player);
  }
  for (std::size_t i = 0; i < now.projectiles.size(); ++i) {
    if (flies[i]) out.projectiles.push_back(now.projectiles[i]);
  }
  return out;
}

}  // namespace troupe::game

#include "game/arena/watch.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace troupe::game::arena {
namespace {

/// The command fired: only then its cooldown begins anew.
bool fired(const Player& player, const Command& command) {
  return command.fire && player.cooldown == cooldown_of(command.weapon);
}

std::int64_t apart(Point a, const Stand& b) {
  const std::int64_t dx = a.x - b.x, dy = a.y - b.y;
  return dx * dx + dy * dy;
}

constexpr std::int64_t squared(Length length) {
  return std::int64_t{length} * length;
}

}  // namespace

std::int64_t Watch::sight(Shooter& by, std::uint32_t tick, std::span<const Candidate> all,
                          Point eye) {
  std::array<bool, kMaxPlayers> visible{};
  std::int64_t nearest = kNobody;
  for (const auto& one : all) {
    const auto far = apart(eye, one.then);
    visible[one.slot] =
        far <= squared(kHitscanRange) && !wall_between(eye, {one.then.x, one.then.y});
    if (visible[one.slot]) nearest = std::min(nearest, far);
  }
  for (std::size_t slot = 0; slot < visible.size(); ++slot) {
    auto& sight = by.sights[slot];
    if (!visible[slot]) {
      if (sight.since != 0) sight.lost = tick;
      sight.since = 0;
      sight.fresh = false;
    } else if (sight.since == 0) {
      sight.since = tick;
      sight.fresh = sight.lost == 0 || tick - sight.lost >= kOutOfSightTicks;
    } else if (tick - sight.since > kEncounterTicks) {
      sight.fresh = false;
    }
  }
  return nearest;
}

void Watch::look(const World& world, const ArenaCommands& commands, std::span<const Verdict> shots,
                 std::vector<Notice>& out) {
  using What = Notice::What;
  for (std::size_t slot = 0; slot < commands.size(); ++slot) {
    const auto& command = commands[slot];
    const auto& player = world.players[slot];
    if (!command || !player.present || player.respawn > 0) continue;
    if (shooters_.size() <= slot) shooters_.resize(slot + 1);
    auto& by = shooters_[slot];
    const Shot as_shot{.shooter = static_cast<std::uint8_t>(slot),
                       .aim = command->aim,
                       .from = {player.x, player.y},
                       .tick = world.tick,
                       .seen_tick = command->seen_tick,
                       .seen_fraction = command->seen_fraction};
    const auto tell = [&](What what, int value) {
      out.push_back({as_shot.shooter, what, static_cast<std::uint16_t>(value), world.tick});
    };
    const auto all = candidates(world.history, grant(as_shot));
    const auto nearest = sight(by, world.tick, all, as_shot.from);
    const auto shot =
        std::ranges::find(shots, as_shot.shooter, [](const Verdict& v) { return v.shot.shooter; });
    if (shot != shots.end()) {
      if (nearest != kNobody && nearest >= squared(kEasyShot)) tell(What::shot, shot->hit ? 1 : 0);
      tell(What::seen, shot->clamp == Clamp::future ? 1 : 0);
    }
    const auto turned =
        static_cast<std::int8_t>(command->aim - std::exchange(by.aim, command->aim));
    const bool aimed_before = std::exchange(by.aimed, true);
    const auto* target = first_on_line(all);
    if (target == nullptr || !fired(player, *command) || by.sights[target->slot].since == 0)
      continue;
    auto& sight = by.sights[target->slot];
    if (aimed_before) tell(What::aimed, std::abs(int{turned}));
    if (std::exchange(sight.fresh, false))
      tell(What::reaction, static_cast<int>(world.tick - sight.since));
  }
}

}  // namespace troupe::game::arena

// Watches how players of the arena aim and shoot, in sight of what each was shown. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "game/arena/shots.hpp"
#include "game/arena/world.hpp"
#include "game/watcher.hpp"

namespace troupe::game::arena {

class Watch {
 public:
  /// After each step of `world` with `commands`, of which `shots` are the hitscan ones: appends
  /// what there is to tell.
  void look(const World& world, const ArenaCommands& commands, std::span<const Verdict> shots,
            std::vector<Notice>& out);

  /// Who was out of sight for less is no new target when it comes back.
  static constexpr std::uint32_t kOutOfSightTicks = 30;
  /// Who is not shot at within it since it came into sight was not reacted to.
  static constexpr std::uint32_t kEncounterTicks = 60;
  /// Shots with somebody nearer than that in sight say nothing of how well one aims.
  static constexpr Length kEasyShot = 20 * kUnit;

 private:
  struct Sight {
    std::uint32_t since = 0;  ///< tick; 0: out of sight
    std::uint32_t lost = 0;   ///< 0: never was in sight
    bool fresh = false;       ///< since then, nobody shot at it
  };
  struct Shooter {
    std::uint8_t aim = 0;  ///< of the tick before
    bool aimed = false;    ///< there was one
    std::array<Sight, kMaxPlayers> sights{};
  };
  static constexpr std::int64_t kNobody = std::numeric_limits<std::int64_t>::max();
  /// How far the nearest in sight is, squared; or kNobody.
  std::int64_t sight(Shooter& by, std::uint32_t tick, std::span<const Candidate> all, Point eye);

  std::vector<Shooter> shooters_;  ///< by slot, up to the highest that played
};

}  // namespace troupe::game::arena

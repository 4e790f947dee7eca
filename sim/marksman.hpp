// Players of the arena as programs: an honest one with the limits of people, and one that aims as
// no person can. Pure: both the load simulator and the measurements of docs/fairness.md play them.
#pragma once

#include <array>
#include <cstdint>
#include <random>

#include "game/arena/snapshot.hpp"
#include "game/arena/walls.hpp"
#include "game/arena/world.hpp"

namespace troupe::sim {

/// What somebody sees on the screen.
struct Scene {
  const game::Snapshot* shown = nullptr;  ///< the others
  int slot = -1;
  game::arena::Point me;
  std::uint32_t tick = 0;
};

enum class Hand : std::uint8_t {
  person,  ///< sees late, turns at a limited speed, misses by a few degrees
  aimbot,  ///< on the target at once, whenever the weapon is ready
};

/// How good a person is; drawn from the seed.
struct Skill {
  int reaction_ticks = 8;    ///< 200 to 430 ms
  int turn_most = 20;        ///< of 256 a circle, per tick: 420 to 1,400 degrees a second
  double error = 5;          ///< standard deviation of the aim, of 256 a circle: 5 to 13 degrees
  double flick_share = 0.1;  ///< of the wide turns: done in one tick, with twice the error
};
[[nodiscard]] Skill draw_skill(std::uint64_t seed);

class Marksman {
 public:
  Marksman(Hand hand, std::uint64_t seed);
  /// The command of a tick. It shoots hitscan; `seen_tick` is for the caller to fill in.
  [[nodiscard]] game::Command decide(const Scene& scene);
  [[nodiscard]] const Skill& skill() const noexcept { return skill_; }

 private:
  struct Target {
    int slot = -1;
    double x = 0, y = 0, distance = 0;
  };
  void walk(const Scene& scene, game::Command& out);
  void shoot_as_person(const Scene& scene, const Target& target, game::Command& out);
  [[nodiscard]] Target find_target(const Scene& scene);
  [[nodiscard]] double error();

  Hand hand_;
  Skill skill_;
  std::mt19937 random_;
  game::Command last_;
  int hold_ticks_ = 0;
  int target_ = -1;
  std::uint32_t noticed_ = 0;  ///< from this tick on it acts on the target
  int off_ = 0;                ///< by which it misses at the moment
  int off_ticks_ = 0;
  int pause_ticks_ = 0;  ///< between two shots
};

}  // namespace troupe::sim

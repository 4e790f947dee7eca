#include "sim/marksman.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>

namespace troupe::sim {
namespace {

using game::arena::Point;

constexpr double kSight = 75.0 * game::kUnit;  ///< a little less than the weapon reaches

double uniform(std::mt19937& random, double from, double to) {
  return from + (to - from) * static_cast<double>(random()) / 4'294'967'296.0;
}

std::uint8_t aim_at(Point from, double x, double y) {
  const double angle = std::atan2(y - from.y, x - from.x);
  return static_cast<std::uint8_t>(std::lround(angle * 128 / std::numbers::pi));
}

}  // namespace

Skill draw_skill(std::uint64_t seed) {
  std::mt19937 random(static_cast<unsigned>(seed * 2'654'435'761ULL + 97));
  Skill out;
  out.reaction_ticks = 6 + static_cast<int>(random() % 8);
  out.turn_most = 10 + static_cast<int>(random() % 24);
  out.error = uniform(random, 3.5, 9);
  out.flick_share = uniform(random, 0, 0.2);
  return out;
}

Marksman::Marksman(Hand hand, std::uint64_t seed)
    : hand_(hand), skill_(draw_skill(seed)), random_(static_cast<unsigned>(seed * 7'919 + 1)) {}

/// About normal, by the mean of many (Irwin and Hall).
double Marksman::error() {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += uniform(random_, 0, 1);
  return (sum - 6) * skill_.error;
}

Marksman::Target Marksman::find_target(const Scene& scene) {
  Target best;
  best.distance = std::numeric_limits<double>::max();
  for (const auto& other : scene.shown->players) {
    if (other.slot == scene.slot || !other.alive) continue;
    const double distance = std::hypot(other.x - scene.me.x, other.y - scene.me.y);
    if (distance > kSight || game::arena::wall_between(scene.me, {other.x, other.y})) continue;
    // Who is shot at stays so while in sight, unless another is much nearer.
    const double weight = other.slot == target_ ? distance * 0.6 : distance;
    if (weight >= best.distance) continue;
    best = {other.slot, static_cast<double>(other.x), static_cast<double>(other.y), weight};
  }
  return best;
}

void Marksman::walk(const Scene& scene, game::Command& out) {
  if (--hold_ticks_ <= 0) {
    hold_ticks_ = 10 + static_cast<int>(random_() % 50);
    last_.move_x = static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1);
    last_.move_y = static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1);
    // Not for ever along the edge.
    constexpr game::Length kNear = 30 * game::kUnit;
    if (scene.me.x < kNear) last_.move_x = 1;
    if (scene.me.x > game::kArena - kNear) last_.move_x = -1;
    if (scene.me.y < kNear) last_.move_y = 1;
    if (scene.me.y > game::kArena - kNear) last_.move_y = -1;
  }
  out.move_x = last_.move_x;
  out.move_y = last_.move_y;
}

void Marksman::shoot_as_person(const Scene& scene, const Target& target, game::Command& out) {
  if (target.slot != target_) {
    target_ = target.slot;
    noticed_ = scene.tick + static_cast<std::uint32_t>(skill_.reaction_ticks) +
               static_cast<std::uint32_t>(random_() % 5);
    off_ticks_ = 0;
  }
  if (--pause_ticks_ > 0 || target.slot < 0 || scene.tick < noticed_) {
    if (target.slot < 0) out.aim = static_cast<std::uint8_t>(out.aim + random_() % 3 - 1);
    return;
  }
  if (--off_ticks_ <= 0) {
    off_ticks_ = 6 + static_cast<int>(random_() % 8);
    off_ = static_cast<int>(std::lround(error()));
  }
  const auto wanted = static_cast<std::uint8_t>(aim_at(scene.me, target.x, target.y) + off_);
  int turn = static_cast<std::int8_t>(wanted - out.aim);
  if (std::abs(turn) > 40 && uniform(random_, 0, 1) < skill_.flick_share) {
    turn += static_cast<int>(std::lround(error() * 2));
  } else {
    turn = std::clamp(turn, -skill_.turn_most, skill_.turn_most);
  }
  out.aim = static_cast<std::uint8_t>(out.aim + turn);
  const int left = static_cast<std::int8_t>(wanted - out.aim);
  if (std::abs(left) > 3 || random_() % 2 == 0) return;
  out.fire = true;
  off_ticks_ = 0;
  pause_ticks_ = 8 + static_cast<int>(random_() % 20);
}

game::Command Marksman::decide(const Scene& scene) {
  game::Command out = last_;
  out.fire = false;
  out.weapon = game::kHitscanWeapon;
  walk(scene, out);
  const auto target = find_target(scene);
  if (hand_ == Hand::person) {
    shoot_as_person(scene, target, out);
  } else if (target.slot >= 0) {
    target_ = target.slot;
    out.aim = aim_at(scene.me, target.x, target.y);
    out.fire = true;
  }
  last_ = out;
  return out;
}

}  // namespace troupe::sim

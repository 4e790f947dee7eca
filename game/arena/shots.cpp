#include "game/arena/shots.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe::game::arena {
namespace {

/// Rounded down.
std::int64_t root(std::int64_t value) {
  std::int64_t low = 0, high = std::int64_t{1} << 31;
  while (high - low > 1) {
    const auto middle = (low + high) / 2;
    (middle * middle <= value ? low : high) = middle;
  }
  return low;
}

struct Ray {
  explicit Ray(const Shot& shot)
      : from(shot.from),
        dx(sine(static_cast<std::uint8_t>(shot.aim + 64))),
        dy(sine(shot.aim)),
        length2(std::int64_t{dx} * dx + std::int64_t{dy} * dy),
        length_256(root(length2 << 16)) {}
  Point from;
  Length dx, dy;            ///< about 1,024 long
  std::int64_t length2;     ///< squared
  std::int64_t length_256;  ///< 256 times
  /// Of a product with the direction.
  [[nodiscard]] Length over_length(std::int64_t product) const {
    return static_cast<Length>(product * 256 / length_256);
  }
};

/// All products stay below 2^60: coordinates have 16 bits, directions 11.
Candidate consider(const Ray& ray, std::uint8_t slot, const Stand& then) {
  Candidate out{.slot = slot, .then = then};
  const std::int64_t x = then.x - ray.from.x, y = then.y - ray.from.y;
  const auto along = x * ray.dx + y * ray.dy;   // · length
  const auto across = x * ray.dy - y * ray.dx;  // · length
  const auto reach2 = std::int64_t{kHitRadius} * kHitRadius * ray.length2;
  out.off = ray.over_length(std::abs(across));
  out.distance = ray.over_length(along);
  const auto spare = reach2 - across * across;
  if (spare < 0) return out;
  // Where the line enters the body; from within, at once. Behind: it left the body before.
  const auto half = root(spare);
  if (along + half < 0) return out;
  const auto enters = std::max<std::int64_t>(0, along - half);
  out.distance = ray.over_length(enters);
  if (out.distance > kHitscanRange) return out;
  out.on_line = true;
  const Point at{static_cast<Length>(ray.from.x + ray.dx * enters / ray.length2),
                 static_cast<Length>(ray.from.y + ray.dy * enters / ray.length2)};
  out.wall = wall_between(ray.from, at);
  return out;
}

/// The full moment that low bits tell, nearest to the tick that fires.
Moment claimed(const Shot& shot) {
  const auto low = static_cast<std::uint16_t>(shot.seen_tick - shot.tick);
  const auto tick = std::int64_t{shot.tick} + static_cast<std::int16_t>(low);
  return {tick * kMomentsPerTick + shot.seen_fraction};
}

}  // namespace

Verdict grant(const Shot& shot) noexcept {
  Verdict out{.shot = shot, .hit = {}, .seen = claimed(shot)};
  const auto newest = Moment{(std::int64_t{shot.tick} - 1) * kMomentsPerTick};
  const auto oldest = Moment{std::int64_t{shot.tick} * kMomentsPerTick - kMostRewind};
  out.clamp = out.seen > newest ? Clamp::future : out.seen < oldest ? Clamp::too_old : Clamp::none;
  out.judged = std::max(Moment{}, std::clamp(out.seen, oldest, newest));
  return out;
}

const Candidate* first_on_line(std::span<const Candidate> all) noexcept {
  const Candidate* first = nullptr;
  for (const auto& one : all) {
    if (one.on_line && !one.wall && (first == nullptr || one.distance < first->distance))
      first = &one;
  }
  return first;
}

Verdict judge_shot(const History& history, const Shot& shot) {
  auto out = grant(shot);
  const auto all = candidates(history, out);
  const auto* first = first_on_line(all);
  if (first == nullptr) return out;
  out.hit = first->slot;
  out.distance = first->distance;
  out.off = first->off;
  return out;
}

std::vector<Candidate> candidates(const History& history, const Verdict& verdict) {
  std::vector<Candidate> out;
  const Ray ray(verdict.shot);
  const int slots = history.slots();
  for (int slot = 0; slot < slots; ++slot) {
    if (slot == verdict.shot.shooter) continue;
    if (const auto then = history.at(slot, verdict.judged))
      out.push_back(consider(ray, static_cast<std::uint8_t>(slot), *then));
  }
  return out;
}

}  // namespace troupe::game::arena

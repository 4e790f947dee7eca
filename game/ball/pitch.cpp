#include "game/ball/pitch.hpp"

#include <algorithm>
#include <cstdlib>

#include "game/trig.hpp"

namespace troupe::game::ball {
namespace {

constexpr Length kThrust = 3;  ///< per tick², for each step of the throttle
constexpr Length kBoostThrust = 24;
constexpr int kBoostUse = 2;  ///< per tick; it comes back at half that

/// The largest whole number whose square is not above `value`.
std::int64_t square_root(std::int64_t value) noexcept {
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 20; bit > 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

void limit_speed(Body& body) noexcept {
  body.vx = std::clamp(body.vx, -kTopSpeed, kTopSpeed);
  body.vy = std::clamp(body.vy, -kTopSpeed, kTopSpeed);
}

void drive(Car& car, const std::optional<Steer>& steer) noexcept {
  auto& body = car.body;
  if (steer) {
    const int turn =
        static_cast<std::int8_t>(static_cast<std::uint8_t>(steer->heading - car.heading));
    car.heading = static_cast<std::uint8_t>(car.heading + std::clamp(turn, -kTurn, kTurn));
  }
  const auto ahead_x = cosine(car.heading), ahead_y = sine(car.heading);
  Length thrust = steer ? steer->throttle * kThrust : 0;
  if (steer && steer->boost && car.boost >= kBoostUse) {
    thrust += kBoostThrust;
    car.boost = static_cast<std::uint8_t>(car.boost - kBoostUse);
  } else if (car.boost < kFullBoost) {
    ++car.boost;
  }
  body.vx += ahead_x * thrust / 1024;
  body.vy += ahead_y * thrust / 1024;
  // Tyres: what goes sideways loses a quarter, the rest a thirty-second.
  const auto aside = (body.vy * ahead_x - body.vx * ahead_y) / 1024;
  body.vx += ahead_y * aside / 4096;
  body.vy -= ahead_x * aside / 4096;
  body.vx = body.vx * 31 / 32;
  body.vy = body.vy * 31 / 32;
  limit_speed(body);
}

void move(Body& body) noexcept {
  body.x += body.vx;
  body.y += body.vy;
}

/// Bounces off walls at `low` and `high`, of which `radius` stays clear, and keeps `keep` / 8 of
/// its speed.
void bounce(Length& at, Length& speed, Length low, Length high, Length radius, int keep) noexcept {
  const bool below = at<low + radius, above = at> high - radius;
  if (!below && !above) return;
  at = below ? low + radius : high - radius;
  if (below == (speed < 0)) speed = -speed * keep / 8;
}

void keep_car_in(Body& car) noexcept {
  constexpr int kKeep = 3;
  bounce(car.x, car.vx, kLeft, kRight, kCarRadius, kKeep);
  bounce(car.y, car.vy, kTop, kBottom, kCarRadius, kKeep);
}

/// Whether the ball is level with the goals' mouths, and so no wall before it.
bool in_mouth(const Body& ball) noexcept {
  return ball.y >= kMouthTop + kBallRadius && ball.y <= kMouthBottom - kBallRadius;
}

/// `was_x`: of the ball before it moved. Only through a mouth it comes behind the ends.
void keep_ball_in(Body& ball, Length was_x) noexcept {
  constexpr int kKeep = 7;
  if (was_x < kLeft || was_x > kRight) {
    bounce(ball.y, ball.vy, kMouthTop, kMouthBottom, kBallRadius, kKeep);
    bounce(ball.x, ball.vx, 0, kExtent - 1, kBallRadius, kKeep);
  } else {
    bounce(ball.y, ball.vy, kTop, kBottom, kBallRadius, kKeep);
    if (!in_mouth(ball)) bounce(ball.x, ball.vx, kLeft, kRight, kBallRadius, kKeep);
  }
}

void collide_all(Pitch& pitch) noexcept {
  auto& cars = pitch.cars;
  for (std::size_t i = 0; i < cars.size(); ++i) {
    if (!cars[i].present) continue;
    for (std::size_t j = i + 1; j < cars.size(); ++j) {
      if (cars[j].present) collide(cars[i].body, kCarDisc, cars[j].body, kCarDisc);
    }
    collide(cars[i].body, kCarDisc, pitch.ball, kBallDisc);
    limit_speed(cars[i].body);
  }
  limit_speed(pitch.ball);
}

/// Each team on its half, from the middle outwards.
void to_start(Car& car, int slot) noexcept {
  const bool left = team_of(slot) == 0;
  const int nth = slot / 2;
  constexpr Length kApart = (kBottom - kTop) / (kMostPlayers / 2 + 1);
  const auto from_middle = (nth + 1) / 2 * kApart;
  constexpr Length kQuarter = (kRight - kLeft) / 4;
  car.body = {left ? kLeft + kQuarter : kRight - kQuarter,
              (kTop + kBottom) / 2 + (nth % 2 == 0 ? from_middle : -from_middle), 0, 0};
  car.heading = left ? 0 : 128;
  car.boost = kFullBoost;
}

void kick_off(Pitch& pitch) noexcept {
  pitch.ball = Pitch{}.ball;
  pitch.kickoff = kKickoffTicks;
  for (int slot = 0; slot < kMostPlayers; ++slot) {
    auto& car = pitch.cars[static_cast<std::size_t>(slot)];
    if (car.present) to_start(car, slot);
  }
}

/// Who scored with the ball where it is; -1: nobody.
int scorer(const Body& ball) noexcept {
  if (ball.x < kLeft - kBallRadius) return 1;
  return ball.x > kRight + kBallRadius ? 0 : -1;
}

}  // namespace

// The impulse is rounded to what both masses divide, so that nothing of it is lost.
void collide(Body& a, const Disc& disc_a, Body& b, const Disc& disc_b) noexcept {
  std::int64_t dx = b.x - a.x, dy = b.y - a.y;
  const std::int64_t reach = disc_a.radius + disc_b.radius;
  if (dx * dx + dy * dy >= reach * reach) return;
  if (dx == 0 && dy == 0) dx = 1;
  const auto squared = dx * dx + dy * dy;
  const auto closing = (a.vx - b.vx) * dx + (a.vy - b.vy) * dy;
  if (closing > 0) {
    const std::int64_t both = disc_a.mass + disc_b.mass;
    const auto impulse_x = 2 * closing * dx / (both * squared);
    const auto impulse_y = 2 * closing * dy / (both * squared);
    a.vx -= static_cast<Length>(impulse_x * disc_b.mass);
    a.vy -= static_cast<Length>(impulse_y * disc_b.mass);
    b.vx += static_cast<Length>(impulse_x * disc_a.mass);
    b.vy += static_cast<Length>(impulse_y * disc_a.mass);
  }
  const auto distance = std::max<std::int64_t>(1, square_root(squared));
  const auto apart = (reach - distance + 1) / 2 + 1;
  const auto shift_x = static_cast<Length>(dx * apart / distance);
  const auto shift_y = static_cast<Length>(dy * apart / distance);
  a.x -= shift_x;
  a.y -= shift_y;
  b.x += shift_x;
  b.y += shift_y;
}

void add_car(Pitch& pitch, int slot) {
  auto& car = pitch.cars[static_cast<std::size_t>(slot)];
  car = {};
  car.present = true;
  to_start(car, slot);
}

void remove_car(Pitch& pitch, int slot) {
  pitch.cars[static_cast<std::size_t>(slot)] = {};
}

void step(Pitch& pitch, const Steers& steers) {
  ++pitch.tick;
  if (pitch.kickoff > 0) {
    --pitch.kickoff;
    return;
  }
  for (std::size_t slot = 0; slot < pitch.cars.size(); ++slot) {
    auto& car = pitch.cars[slot];
    if (!car.present) continue;
    drive(car, steers[slot]);
    move(car.body);
  }
  pitch.ball.vx = pitch.ball.vx * 127 / 128;
  pitch.ball.vy = pitch.ball.vy * 127 / 128;
  const auto was_x = pitch.ball.x;
  move(pitch.ball);
  collide_all(pitch);
  for (auto& car : pitch.cars) {
    if (car.present) keep_car_in(car.body);
  }
  keep_ball_in(pitch.ball, was_x);
  const int team = scorer(pitch.ball);
  if (team < 0) return;
  auto& goals = pitch.goals[static_cast<std::size_t>(team)];
  if (goals < UINT16_MAX) ++goals;
  kick_off(pitch);
}

}  // namespace troupe::game::ball

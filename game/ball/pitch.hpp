// Ball: cars that push a ball into goals. The deterministic rules that server and client share:
// fixed-point physics of discs, integers only, no randomness. Nothing is hidden, so that a client
// can predict the whole pitch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "game/game.hpp"

namespace troupe::game::ball {

inline constexpr int kMostPlayers = 16;  ///< two teams, by the slot's last bit
/// All coordinates are within this square, and so in 16 bits. The pitch lies in the middle of its
/// upper part, a goal before each end.
inline constexpr Length kExtent = 180 * kUnit;
inline constexpr Length kLeft = 10 * kUnit, kRight = 170 * kUnit;
inline constexpr Length kTop = 0, kBottom = 100 * kUnit;
inline constexpr Length kMouthTop = 38 * kUnit, kMouthBottom = 62 * kUnit;  ///< of the goals

inline constexpr Length kCarRadius = 2 * kUnit, kBallRadius = 3 * kUnit / 2;
inline constexpr Length kTopSpeed = 4 * kUnit - 1;  ///< per tick and axis
inline constexpr int kTurn = 6;                     ///< of 256 directions, per tick
inline constexpr int kFullBoost = 100;
inline constexpr int kKickoffTicks = 45;
inline constexpr std::uint8_t kMostThrottle = 7;

struct Body {
  Length x = 0, y = 0;
  Length vx = 0, vy = 0;  ///< per tick
  friend bool operator==(const Body&, const Body&) = default;
};

struct Car {
  bool present = false;
  Body body;
  std::uint8_t heading = 0;  ///< 256 directions, 0 east, 64 south
  std::uint8_t boost = kFullBoost;
  friend bool operator==(const Car&, const Car&) = default;
};

struct Pitch {
  std::uint32_t tick = 0;
  std::array<Car, kMostPlayers> cars{};
  Body ball{(kLeft + kRight) / 2, (kTop + kBottom) / 2, 0, 0};
  std::array<std::uint16_t, 2> goals{};
  std::uint8_t kickoff = kKickoffTicks;  ///< ticks until anything moves
  friend bool operator==(const Pitch&, const Pitch&) = default;
};

/// What a player wants in a tick.
struct Steer {
  std::uint8_t heading = 0;   ///< where to turn to
  std::uint8_t throttle = 0;  ///< 0 to kMostThrottle
  bool boost = false;
  friend bool operator==(const Steer&, const Steer&) = default;
};
using Steers = std::array<std::optional<Steer>, kMostPlayers>;

[[nodiscard]] constexpr int team_of(int slot) noexcept {
  return slot & 1;
}

/// On the slot's place for the kick-off.
void add_car(Pitch& pitch, int slot);
void remove_car(Pitch& pitch, int slot);

/// One tick: cars steer, everything moves, collides and bounces, and the ball may be in a goal.
/// Who steers nothing rolls on.
void step(Pitch& pitch, const Steers& steers);

struct Disc {
  Length radius = 0;
  int mass = 1;
};
inline constexpr Disc kCarDisc{kCarRadius, 3}, kBallDisc{kBallRadius, 1};
/// Two discs that overlap and come closer bounce off each other without loss: their momentum stays
/// exactly the same, their energy up to rounding. Those that overlap are moved apart.
void collide(Body& a, const Disc& disc_a, Body& b, const Disc& disc_b) noexcept;

}  // namespace troupe::game::ball

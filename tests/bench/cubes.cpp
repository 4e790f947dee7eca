#include "tests/bench/cubes.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace troupe::bench {
namespace {

using game::Guess;

constexpr double kStep = 1.0 / 60;
constexpr double kStepsPerMetre = 512;
constexpr double kSize = 0.4;        ///< edge of a cube, metres
constexpr double kPlayerSize = 2.4;  ///< of the one that is rolled
constexpr double kHalfField = 16;    ///< the player turns back here
constexpr double kSleep = 0.06;      ///< metres a second: slower ones rest

enum : std::size_t { kVx, kVy, kVz, kX, kY, kZ, kLargest, kWa, kWb, kWc, kA, kB, kC, kMoving };

constexpr std::array<game::Field, 14> kTable{
    {{.name = "vx", .bits = 12, .is_signed = true},
     {.name = "vy", .bits = 12, .is_signed = true},
     {.name = "vz", .bits = 12, .is_signed = true},
     {.name = "x", .is_signed = true, .guess = Guess::moved_by, .by = kVx},
     {.name = "y", .is_signed = true, .guess = Guess::moved_by, .by = kVy},
     {.name = "z", .is_signed = true, .guess = Guess::moved_by, .by = kVz},
     {.name = "largest", .bits = 2},
     {.name = "wa", .bits = 9, .is_signed = true},
     {.name = "wb", .bits = 9, .is_signed = true},
     {.name = "wc", .bits = 9, .is_signed = true},
     {.name = "a", .bits = 9, .is_signed = true, .guess = Guess::moved_by, .by = kWa},
     {.name = "b", .bits = 9, .is_signed = true, .guess = Guess::moved_by, .by = kWb},
     {.name = "c", .bits = 9, .is_signed = true, .guess = Guess::moved_by, .by = kWc},
     {.name = "moving", .bits = 1, .selects = true}}};

/// The change of a value of `bits` bits, the shortest way round.
std::int32_t turned(std::int32_t from, std::int32_t to, int bits) {
  const auto size = std::int32_t{1} << bits;
  auto d = (to - from) & (size - 1);
  if (d >= size / 2) d -= size;
  return d;
}

/// The three smaller parts in 9 bits each, and which was left out.
void put_turn(const std::array<double, 4>& turn, game::Row& row) {
  std::size_t largest = 0;
  for (std::size_t i = 1; i < 4; ++i) {
    if (std::abs(turn[i]) > std::abs(turn[largest])) largest = i;
  }
  const double sign = turn[largest] < 0 ? -1 : 1;
  row[kLargest] = static_cast<std::int32_t>(largest);
  std::size_t field = kA;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i == largest) continue;
    // Within 1/√2 of zero.
    row[field++] = std::clamp(
        static_cast<std::int32_t>(std::lround(sign * turn[i] * 255 * std::sqrt(2.0))), -255, 255);
  }
}

}  // namespace

game::FieldTable cube_table() {
  return kTable;
}

Cubes::Cubes(std::uint32_t seed) : random_(seed), cubes_(kCubes) {
  cubes_[0].at = {-kHalfField, 0, kPlayerSize / 2};
  for (std::size_t i = 1; i < kCubes; ++i) {
    const auto n = static_cast<double>(i - 1);
    cubes_[i].at = {(std::fmod(n, 30) - 14.5) * 0.9, (std::floor(n / 30) - 14.5) * 0.9, kSize / 2};
  }
  for (std::size_t i = 0; i < kCubes; ++i) rows_.ids.push_back(static_cast<std::uint16_t>(i));
  rows_.rows.resize(kCubes);
  quantise();
}

/// The player steers to and fro over the field.
void Cubes::roll(Cube& player) {
  heading_ += (static_cast<double>(random_() % 2'001) - 1'000) / 1'000 * 0.12;
  if (std::abs(player.at[0]) > kHalfField || std::abs(player.at[1]) > kHalfField)
    heading_ = std::atan2(-player.at[1], -player.at[0]);
  const double pull = 22 * kStep;
  player.speed[0] += pull * std::cos(heading_);
  player.speed[1] += pull * std::sin(heading_);
  player.spin = {-player.speed[1] / kPlayerSize * 2, player.speed[0] / kPlayerSize * 2, 0};
  player.awake = true;
}

/// Two that overlap part and share their speed along the line between them.
void Cubes::meet(Cube& a, Cube& b, double size) {
  const double dx = b.at[0] - a.at[0], dy = b.at[1] - a.at[1], dz = b.at[2] - a.at[2];
  const double away = std::sqrt(dx * dx + dy * dy + dz * dz);
  if (away >= size || away < 1e-6) return;
  const std::array<double, 3> line{dx / away, dy / away, dz / away};
  double closing = 0;
  for (std::size_t i = 0; i < 3; ++i) closing += (a.speed[i] - b.speed[i]) * line[i];
  const bool rolled = &a == &cubes_[0];
  if (closing <= 0.05 && away > size - 0.02) return;
  for (std::size_t i = 0; i < 3; ++i) {
    b.at[i] += line[i] * (size - away) * (rolled ? 1.0 : 0.5);
    if (!rolled) a.at[i] -= line[i] * (size - away) * 0.5;
    b.speed[i] += line[i] * std::max(0.0, closing) * (rolled ? 1.1 : 0.6);
    a.speed[i] -= line[i] * std::max(0.0, closing) * (rolled ? 0.02 : 0.6);
  }
  if (rolled) b.speed[2] += 0.6 * std::max(0.0, closing);
  b.spin = {-b.speed[1] * 3, b.speed[0] * 3, closing};
  a.awake = b.awake = true;
}

void Cubes::move(Cube& cube) {
  if (!cube.awake) return;
  const double rest = (&cube == &cubes_[0] ? kPlayerSize : kSize) / 2;
  cube.speed[2] -= 9.81 * kStep;
  for (std::size_t i = 0; i < 3; ++i) cube.at[i] += cube.speed[i] * kStep;
  const bool grounded = cube.at[2] <= rest;
  if (grounded) {
    cube.at[2] = rest;
    cube.speed[2] = cube.speed[2] < -0.8 ? -0.5 * cube.speed[2] : 0;
    for (std::size_t i = 0; i < 2; ++i) cube.speed[i] *= &cube == &cubes_[0] ? 0.975 : 0.97;
    for (auto& s : cube.spin) s *= 0.95;
  }
  const auto& [w, x, y, z] = cube.turn;
  const auto [sx, sy, sz] = cube.spin;
  const double h = kStep / 2;
  std::array<double, 4> turn{w + h * (-sx * x - sy * y - sz * z),
                             x + h * (sx * w + sy * z - sz * y), y + h * (sy * w + sz * x - sx * z),
                             z + h * (sz * w + sx * y - sy * x)};
  const double length =
      std::sqrt(turn[0] * turn[0] + turn[1] * turn[1] + turn[2] * turn[2] + turn[3] * turn[3]);
  for (auto& t : turn) t /= length;
  cube.turn = turn;
  const double speed = std::abs(cube.speed[0]) + std::abs(cube.speed[1]) + std::abs(cube.speed[2]);
  if (grounded && speed < kSleep) {
    cube.awake = false;
    cube.speed = cube.spin = {};
  }
}

void Cubes::meet_neighbours() {
  std::map<std::pair<int, int>, std::vector<std::size_t>> cells;
  const auto cell = [](double v) { return static_cast<int>(std::floor(v / kSize)); };
  for (std::size_t i = 1; i < kCubes; ++i)
    cells[{cell(cubes_[i].at[0]), cell(cubes_[i].at[1])}].push_back(i);
  for (std::size_t i = 1; i < kCubes; ++i) {
    if (!cubes_[i].awake) continue;
    const int cx = cell(cubes_[i].at[0]), cy = cell(cubes_[i].at[1]);
    for (int x = cx - 1; x <= cx + 1; ++x) {
      for (int y = cy - 1; y <= cy + 1; ++y) {
        const auto found = cells.find({x, y});
        if (found == cells.end()) continue;
        for (const auto other : found->second) {
          if (other != i) meet(cubes_[i], cubes_[other], kSize);
        }
      }
    }
  }
}

void Cubes::step() {
  ++tick_;
  roll(cubes_[0]);
  for (std::size_t i = 1; i < kCubes; ++i) meet(cubes_[0], cubes_[i], (kSize + kPlayerSize) / 2);
  meet_neighbours();
  for (auto& cube : cubes_) move(cube);
  quantise();
}

void Cubes::quantise() {
  rows_.tick = tick_;
  moving_ = 0;
  for (std::size_t i = 0; i < kCubes; ++i) {
    const auto& cube = cubes_[i];
    auto& row = rows_.rows[i];
    const auto before = row;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      row[kX + axis] = std::clamp(
          static_cast<std::int32_t>(std::lround(cube.at[axis] * kStepsPerMetre)), -32'768, 32'767);
    }
    put_turn(cube.turn, row);
    const bool begins = tick_ == 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      row[kVx + axis] = begins ? 0 : std::clamp(row[kX + axis] - before[kX + axis], -2'048, 2'047);
      row[kWa + axis] = begins ? 0 : turned(before[kA + axis], row[kA + axis], 9);
    }
    row[kMoving] = cube.awake ? 1 : 0;
    if (row != before) ++moving_;
  }
}

}  // namespace troupe::bench

// Many bodies for the replication bench: 900 cubes on a plain and one that is rolled through them,
// after the scene of "Snapshot Compression" (Gaffer on Games). Seeded; physics of a kind.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "game/row_set.hpp"

namespace troupe::bench {

inline constexpr std::size_t kCubes = 901;

/// What is replicated of a cube: 512 steps a metre, smallest-three quaternions of 9 bits.
[[nodiscard]] game::FieldTable cube_table();

class Cubes {
 public:
  explicit Cubes(std::uint32_t seed);
  /// A sixtieth of a second.
  void step();
  [[nodiscard]] game::RowSet rows() const { return rows_; }
  /// How many changed in the last step.
  [[nodiscard]] std::size_t moving() const noexcept { return moving_; }

 private:
  struct Cube {
    std::array<double, 3> at{}, speed{}, spin{};
    std::array<double, 4> turn{1, 0, 0, 0};
    bool awake = false;
  };
  void roll(Cube& player);
  void meet(Cube& a, Cube& b, double size);
  void move(Cube& cube);
  void meet_neighbours();
  void quantise();

  std::mt19937 random_;
  std::vector<Cube> cubes_;  ///< the first is rolled
  std::uint32_t tick_ = 0;
  double heading_ = 0;
  std::size_t moving_ = 0;
  game::RowSet rows_;
};

}  // namespace troupe::bench

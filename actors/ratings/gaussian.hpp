// A skill as a normal distribution, and the side that players form: shared by TrueSkill and
// Weng-Lin, whose numbers mean the same.
#pragma once

#include <cstddef>
#include <span>

namespace troupe::ratings {

struct Skill {
  double mu = 25;
  double sigma = 25.0 / 3;
  friend bool operator==(const Skill&, const Skill&) = default;
};

/// A team, or a single player in a free-for-all.
struct Side {
  std::span<Skill> players;
  int place = 1;  ///< 1 is best; equal places are a draw
};

/// As many as a match has players.
inline constexpr std::size_t kMaxSides = 64;
/// Half the default deviation: how much one performance differs from the skill.
inline constexpr double kBeta = 25.0 / 6;

/// The skill that a player has with high probability: mu - 3 sigma.
[[nodiscard]] inline double ordinal(const Skill& skill) noexcept {
  return skill.mu - 3 * skill.sigma;
}

/// The probability that the team with the sums (mu, variance) beats the other, of `players` in both
/// together.
[[nodiscard]] double win_probability(double mu, double variance, double other_mu,
                                     double other_variance, std::size_t players) noexcept;

}  // namespace troupe::ratings

#include "actors/ratings/weng_lin.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace troupe::ratings {

double win_probability(double mu, double variance, double other_mu, double other_variance,
                       std::size_t players) noexcept {
  const double spread =
      std::sqrt(variance + other_variance + static_cast<double>(players) * kBeta * kBeta);
  return 0.5 * std::erfc((other_mu - mu) / (spread * std::sqrt(2.0)));
}

namespace weng_lin {
namespace {

/// A variance keeps at least this share of itself: kappa in the paper.
constexpr double kLeastShare = 0.0001;

struct Team {
  double mu = 0, variance = 0, strength = 0;
  double chosen_from = 0;  ///< strengths of all that were not placed before it
  double sharing = 0;      ///< how many have its place
};

void apply(const Side& side, const Team& team, double omega, double delta, double c) {
  const double sigma = std::sqrt(team.variance);
  const double mean_step = omega * team.variance / c;
  // The paper leaves gamma open; sigma_i / c is its own choice in section 6.
  const double shrink = sigma / c * delta * team.variance / (c * c);
  for (auto& player : side.players) {
    const double share = player.sigma * player.sigma / team.variance;
    player.mu += share * mean_step;
    player.sigma *= std::sqrt(std::max(1 - share * shrink, kLeastShare));
  }
}

}  // namespace

void update(std::span<const Side> sides) noexcept {
  const auto n = sides.size();
  assert(n >= 2 && n <= kMaxSides);
  std::array<Team, kMaxSides> teams;
  double c = 0, strongest = -1e300;
  for (std::size_t i = 0; i < n; ++i) {
    assert(!sides[i].players.empty());
    for (auto& player : sides[i].players) {
      player.sigma = std::sqrt(player.sigma * player.sigma + kTau * kTau);
      teams[i].mu += player.mu;
      teams[i].variance += player.sigma * player.sigma;
    }
    c += teams[i].variance + kBeta * kBeta;
    strongest = std::max(strongest, teams[i].mu);
  }
  c = std::sqrt(c);
  // Only ratios of strengths count: relative to the strongest they cannot overflow.
  for (std::size_t i = 0; i < n; ++i) teams[i].strength = std::exp((teams[i].mu - strongest) / c);
  for (std::size_t q = 0; q < n; ++q) {
    for (std::size_t i = 0; i < n; ++i) {
      if (sides[i].place >= sides[q].place) teams[q].chosen_from += teams[i].strength;
      if (sides[i].place == sides[q].place) teams[q].sharing += 1;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    double omega = 0, delta = 0;
    for (std::size_t q = 0; q < n; ++q) {
      if (sides[q].place > sides[i].place) continue;
      const double p = teams[i].strength / teams[q].chosen_from;
      omega += ((i == q ? 1 : 0) - p) / teams[q].sharing;
      delta += p * (1 - p) / teams[q].sharing;
    }
    apply(sides[i], teams[i], omega, delta, c);
  }
}

}  // namespace weng_lin
}  // namespace troupe::ratings

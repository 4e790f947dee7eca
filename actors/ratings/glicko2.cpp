#include "actors/ratings/glicko2.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace troupe::ratings::glicko2 {
namespace {

constexpr double kScale = 173.7178;  ///< step 2
constexpr double kConvergence = 0.000'001;
constexpr int kMaxRounds = 100;  ///< of the volatility's iteration, which takes about ten

double weight(double phi) noexcept {
  return 1 / std::sqrt(1 + 3 * phi * phi / (std::numbers::pi * std::numbers::pi));
}

/// Step 5: the volatility that fits the improvement `delta`, by the Illinois algorithm.
double new_volatility(double sigma, double phi, double variance, double delta, double tau) {
  const double a = std::log(sigma * sigma);
  const auto f = [&](double x) {
    const double ex = std::exp(x);
    const double sum = phi * phi + variance + ex;
    return ex * (delta * delta - sum) / (2 * sum * sum) - (x - a) / (tau * tau);
  };
  double low = a, high = a - tau;
  if (delta * delta > phi * phi + variance) {
    high = std::log(delta * delta - phi * phi - variance);
  } else {
    for (int k = 2; f(high) < 0 && k < kMaxRounds; ++k) high = a - k * tau;
  }
  double f_low = f(low), f_high = f(high);
  for (int i = 0; i < kMaxRounds && std::abs(high - low) > kConvergence; ++i) {
    const double middle = low + (low - high) * f_low / (f_high - f_low);
    const double f_middle = f(middle);
    if (f_middle * f_high <= 0) {
      low = high;
      f_low = f_high;
    } else {
      f_low /= 2;
    }
    high = middle;
    f_high = f_middle;
  }
  return std::exp(low / 2);
}

}  // namespace

Rating updated(const Rating& player, std::span<const Game> games, double tau) {
  if (games.empty()) return idle(player);
  const double mu = (player.rating - 1'500) / kScale, phi = player.deviation / kScale;
  double information = 0, surprise = 0;  // steps 3 and 4
  for (const auto& game : games) {
    const double g = weight(game.opponent.deviation / kScale);
    const double expected = 1 / (1 + std::exp(-g * (mu - (game.opponent.rating - 1'500) / kScale)));
    information += g * g * expected * (1 - expected);
    surprise += g * (game.score - expected);
  }
  const double variance = 1 / information;
  const double sigma = new_volatility(player.volatility, phi, variance, variance * surprise, tau);
  const double phi_star = std::sqrt(phi * phi + sigma * sigma);  // step 6
  const double phi_new = 1 / std::sqrt(1 / (phi_star * phi_star) + information);
  return {1'500 + kScale * (mu + phi_new * phi_new * surprise),
          std::min(kMaxDeviation, kScale * phi_new), sigma};
}

Rating idle(const Rating& player, double periods) noexcept {
  const double phi = player.deviation / kScale;
  const double grown =
      kScale * std::sqrt(phi * phi + periods * player.volatility * player.volatility);
  return {player.rating, std::min(std::max(kMaxDeviation, player.deviation), grown),
          player.volatility};
}

}  // namespace troupe::ratings::glicko2

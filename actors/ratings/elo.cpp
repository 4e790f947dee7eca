#include "actors/ratings/elo.hpp"

#include <cmath>

namespace troupe::ratings::elo {

double expected_score(double rating, double opponent) noexcept {
  return 1 / (1 + std::pow(10, (opponent - rating) / 400));
}

double updated(double rating, double scored, double expected, double factor) noexcept {
  return rating + factor * (scored - expected);
}

}  // namespace troupe::ratings::elo

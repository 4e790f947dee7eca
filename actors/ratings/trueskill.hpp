// TrueSkill: a factor graph solved by expectation propagation. R. Herbrich, T. Minka, T. Graepel,
// "TrueSkill: A Bayesian Skill Rating System", NIPS 2006.
#pragma once

#include <span>

#include "actors/ratings/gaussian.hpp"

namespace troupe::ratings::trueskill {

struct Parameters {
  double tau = 25.0 / 300;  ///< how much a skill may change between two games
  double draw_probability = 0.1;
};

/// Updates the players of all sides in place. Two to kMaxSides sides, none of them empty. The
/// messages between neighbouring sides are passed until they change by less than 0.00001.
void update(std::span<const Side> sides, const Parameters& parameters = {});

}  // namespace troupe::ratings::trueskill

// Weng-Lin with the Plackett-Luce model: teams and free-for-all, draws, no iteration. R. Weng and
// C.-J. Lin, "A Bayesian Approximation Method for Online Ranking", JMLR 12 (2011), algorithm 4.
#pragma once

#include <span>

#include "actors/ratings/gaussian.hpp"

namespace troupe::ratings::weng_lin {

/// How much a skill may change between two games, as in TrueSkill: without it, who has played for
/// years could not improve any more. The paper has none; openskill.js has this one.
inline constexpr double kTau = 25.0 / 300;

/// Updates the players of all sides in place; allocates nothing. Two to kMaxSides sides, none of
/// them empty.
void update(std::span<const Side> sides) noexcept;

}  // namespace troupe::ratings::weng_lin

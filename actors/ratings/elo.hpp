// Elo: one number a player. A. Elo, "The Rating of Chessplayers, Past and Present", 1978.
#pragma once

namespace troupe::ratings::elo {

inline constexpr double kInitial = 1'500;
inline constexpr double kFactor = 32;

/// The share of the points that `rating` is expected to take from `opponent`, from 0 to 1.
[[nodiscard]] double expected_score(double rating, double opponent) noexcept;

/// After games that brought `scored` points where `expected` were to be expected: sums over the
/// games of one rating period. `factor`: K, how fast ratings move.
[[nodiscard]] double updated(double rating, double scored, double expected,
                             double factor = kFactor) noexcept;

}  // namespace troupe::ratings::elo

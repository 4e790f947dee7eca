// Glicko-2: a rating with its deviation and the player's volatility. M. Glickman, "Example of the
// Glicko-2 system", 2013 (glicko.net/glicko/glicko2.pdf); step numbers in the code are its own.
#pragma once

#include <span>

namespace troupe::ratings::glicko2 {

struct Rating {
  double rating = 1'500;
  double deviation = 350;
  double volatility = 0.06;
  friend bool operator==(const Rating&, const Rating&) = default;
};

struct Game {
  Rating opponent;   ///< as of the start of the rating period
  double score = 0;  ///< 1 won, 0.5 drawn, 0 lost
};

/// How much volatilities change: "reasonable choices are between 0.3 and 1.2".
inline constexpr double kTau = 0.5;
/// A deviation does not grow beyond that of an unknown player.
inline constexpr double kMaxDeviation = 350;

/// After one rating period with `games`; without any it is idle().
[[nodiscard]] Rating updated(const Rating& player, std::span<const Game> games, double tau = kTau);

/// After `periods` rating periods without a game: only the deviation grows (step 6).
[[nodiscard]] Rating idle(const Rating& player, double periods = 1) noexcept;

}  // namespace troupe::ratings::glicko2

// What is known of a player in one mode, whichever system rates: one shape for all four.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::ratings {

enum class System : std::uint8_t { weng_lin, trueskill, glicko2, elo };
[[nodiscard]] std::string_view to_string(System system) noexcept;
[[nodiscard]] std::optional<System> parse_system(std::string_view name) noexcept;

struct PlayerRating {
  double rating = 0;      ///< mu for Weng-Lin and TrueSkill
  double deviation = 0;   ///< sigma; 0 for Elo, which has none
  double volatility = 0;  ///< Glicko-2 only
  std::uint32_t matches = 0;
  std::uint32_t wins = 0;
  std::uint64_t updated_ms = 0;  ///< Unix time of the last rated match; 0: none
  friend bool operator==(const PlayerRating&, const PlayerRating&) = default;
};

/// Of somebody who never played.
[[nodiscard]] PlayerRating initial(System system) noexcept;

/// What leaderboards order by: what the player is worth with high probability, so that few lucky
/// games do not lead. Weng-Lin and TrueSkill: 100 (mu - 3 sigma), 0 for a new player. Glicko-2:
/// rating - 2 deviations. Elo: the rating.
[[nodiscard]] std::int64_t points(System system, const PlayerRating& rating) noexcept;

/// One side of a match as it ended.
struct Contender {
  std::vector<PlayerRating*> players;
  int place = 1;  ///< 1 is best; equal places are a draw
};

/// Glicko-2's rating period, of which a match is one: deviations grow by this clock without games.
inline constexpr std::uint64_t kRatingPeriodMs = 24ULL * 3600 * 1000;

/// Rates one match that ended at `ended_ms`, in place: at least two sides, none empty. Elo and
/// Glicko-2 know games of two: there each side meets the mean of every other side, and for Elo the
/// games share one K.
void rate(System system, std::span<const Contender> sides, std::uint64_t ended_ms);

}  // namespace troupe::ratings

// From results of matches to ratings: what one step over the journal changes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/ratings/made_match.hpp"
#include "actors/ratings/rating_store.hpp"

namespace troupe::ratings {

inline constexpr std::string_view kSettlementConsumer = "ratings.settlement";
inline constexpr std::string_view kMatchEnded = "troupe.match.ended.v1";
inline constexpr std::string_view kRatingUpdated = "troupe.rating.updated.v1";
/// Scope under which settled matches are remembered: an event that came twice counts once.
inline constexpr std::string_view kSettledScope = "ratings.settled";
struct SettlementOptions {
  System system = System::weng_lin;
  bool only_matchmade = false;  ///< leave out matches that players made for themselves
};

/// A match that ended, as the journal has it.
struct MatchResult {
  std::string match, mode;
  std::uint64_t ended_ms = 0;
  struct Row {
    std::string player;
    int place = 1;
    std::int64_t score = 0;
  };
  std::vector<Row> rows;
};

/// Nothing when the payload is not a result.
[[nodiscard]] std::optional<MatchResult> decode_result(std::string_view payload);

/// One side of a result.
struct ResultSide {
  std::vector<std::string> players;
  int place = 1;
};
/// Without `made` everybody plays for themselves. With it, sides of several players are placed by
/// the sum of their scores; who left before the end counts with their side, and a side of which
/// nobody stayed is last; strangers do not count. Fewer than two: there is nothing to rate.
[[nodiscard]] std::vector<ResultSide> sides_of(const MatchResult& result, const MadeMatch* made);

struct SettlementStep {
  std::uint64_t from = 0, next = 0;
  struct Rated {
    std::string player;
    int place = 1;
    PlayerRating rating;  ///< after the match
  };
  struct Settled {
    std::string match, mode;
    std::uint64_t ended_ms = 0;
    std::vector<Rated> players;
  };
  std::vector<Settled> settled;
  std::vector<std::string> unrated;  ///< matches of matchmaking that rate nobody
  std::map<std::pair<std::string, std::string>, PlayerRating> ratings;  ///< (player, mode): at last
  std::size_t unreadable = 0;
};

/// The next events from journal offset `from` (0: from the cursor) on and what they make of the
/// ratings. Blocks on disk: from ReadPool. Errors: io, corrupt.
[[nodiscard]] Result<SettlementStep> read_settlement(const storage::Store& store,
                                                     std::uint64_t from,
                                                     const SettlementOptions& options,
                                                     std::uint64_t now_ms);

/// Ratings, kRatingUpdated events, and the cursor: all of the step or nothing.
[[nodiscard]] storage::Batch settlement_batch(const SettlementStep& step, System system,
                                              std::uint64_t now_ms);

}  // namespace troupe::ratings

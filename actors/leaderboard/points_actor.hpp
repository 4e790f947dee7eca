// Brings ratings onto leaderboards: follows the journal's troupe.rating.updated.v1.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/leaderboard/leaderboard_actor.hpp"

namespace troupe::leaderboard {

inline constexpr std::string_view kPointsConsumer = "leaderboard.points";
inline constexpr std::string_view kRatingUpdated = "troupe.rating.updated.v1";

/// The rating of one mode as everybody's leaderboard of it: "rating-" and the mode.
[[nodiscard]] std::string rating_board(std::string_view mode);

/// Some events of the journal.
struct PointsStep {
  std::uint64_t from = 0, next = 0;
  struct Event {
    std::uint64_t offset = 0, time_ms = 0;
    std::string mode;
    std::vector<std::pair<std::string, std::int64_t>> points;
  };
  std::vector<Event> events;
};

struct PointsState {
  static constexpr const char* name = "points";
  std::shared_ptr<LeaderboardShared> shared;
  std::uint64_t next = 0;   ///< journal offset; 0: not read yet
  std::uint64_t saved = 0;  ///< where the cursor on disk is
  std::uint64_t wake_token = 0;
  bool busy = false, more = false;
  std::size_t unanswered = 0;  ///< leaderboards that this step waits for
  bool failed = false;         ///< one of them refused
};

using step_atom = caf::atom_constant<caf::atom("step")>;

/// Each step goes to its leaderboards first and moves the cursor then; after a crash in between it
/// comes again, and they know by the offset what they have.
caf::behavior points_actor(caf::stateful_actor<PointsState>* self,
                           std::shared_ptr<LeaderboardShared> shared);

}  // namespace troupe::leaderboard

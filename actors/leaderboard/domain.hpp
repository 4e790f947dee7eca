// The leaderboard domain as the composition root sees it.
#pragma once

#include <memory>

#include "actors/leaderboard/leaderboard_actor.hpp"
#include "actors/leaderboard/points_actor.hpp"
#include "base/result.hpp"

namespace troupe::leaderboard {

/// Registers the kind "leaderboard", reads what boards there are, and starts the consumer of
/// ratings. Errors: those of Catalogue::load.
Result<std::shared_ptr<Catalogue>> add_leaderboard(actors::Context& context,
                                                   const LeaderboardOptions& options);

}  // namespace troupe::leaderboard

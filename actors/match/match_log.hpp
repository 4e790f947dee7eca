// What a tick was made by goes to disk before clients are shown what came of it.
#pragma once

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// Ticks whose snapshots wait for the disk at most. Beyond it the oldest is shown before it is
/// safe, and counted.
inline constexpr std::size_t kMaxHeldTicks = 3;

/// Writes down what made the tick that the world is at now; `snapshots` are shown once it is safe.
void log_tick(MatchState& state, const LoggedTick& made_by, std::shared_ptr<HeldTick> snapshots);

}  // namespace troupe::match

// The ticks of a match on their way to disk, and what clients are shown of them after it.
#pragma once

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// Ticks whose snapshots wait for the disk at most. Beyond it the oldest is shown before it is
/// safe, and counted.
inline constexpr std::size_t kMaxHeldTicks = 3;

/// Writes down what made the tick that the world is at now.
void log_tick(MatchActor::stateful_pointer<MatchState> self, LoggedTick made_by);

/// What the LogBook says.
void is_safe(MatchState& state, std::uint32_t tick, bool written);

/// Sends a snapshot of the tick that was logged last, once that is on disk.
void send_when_safe(MatchState& state, SessionId session, const game::SnapshotHead& head,
                    std::shared_ptr<const std::string> delta);

}  // namespace troupe::match

// What a tick was made by goes to disk before clients are shown what came of it.
#pragma once

#include "actors/match/match_actor.hpp"
#include "storage/batch.hpp"

namespace troupe::match {

/// Ticks whose snapshots wait for the disk at most. Beyond it the oldest is shown before it is
/// safe, and counted.
inline constexpr std::size_t kMaxHeldTicks = 3;

/// Writes down what made the tick that the world is at now; `snapshots` are shown once it is safe.
void log_tick(MatchState& state, const LoggedTick& made_by, std::shared_ptr<HeldTick> snapshots);

/// With a checkpoint: what of the log is older than is kept goes, in the same batch.
void trim_log(const MatchState& state, storage::Batch& batch);
/// Erases logs of matches that ended long ago, some more than end: there is never a backlog for
/// long, and no clock of its own.
void collect_ended_logs(MatchActor::stateful_pointer<MatchState> self);

}  // namespace troupe::match

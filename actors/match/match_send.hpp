// What a match sends to its clients each tick.
#pragma once

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// The tick's snapshot to every client that was welcomed: a delta against the newest one that it
/// has. Clients that have the same are sent the same bytes. Into `held`, to be shown later.
void send_snapshots(MatchState& state, HeldTick& held);

/// A client says what it has.
void acknowledged(MatchState& state, MatchState::Seat& seat, const Input& in);

}  // namespace troupe::match

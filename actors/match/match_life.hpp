// A match from its opening over its checkpoints to its result: what of it lasts.
#pragma once

#include <functional>

#include "actors/match/match_actor.hpp"

namespace troupe::match {

using Self = MatchActor::stateful_pointer<MatchState>;
using InfoPromise = caf::typed_response_promise<InfoPtr>;

/// Reads the match; what comes meanwhile waits (at most 256).
void load(Self self);
void when_loaded(Self self, std::function<void()> work);

InfoPromise open(Self self, const MatchInfo& wanted);
InfoPromise describe(Self self);

/// How many have a connection.
[[nodiscard]] int connected(const MatchState& state);
/// Tells a client its place. Repeating it does no harm.
void welcome(Self self, MatchState::Seat& seat, int slot);

void start_ticking(Self self);
void stop_ticking(MatchState& state);

/// Writes the match down and then welcomes those who waited for that. One write at a time: the next
/// holds what came meanwhile.
void checkpoint(Self self);
/// Ends the match with a result, exactly once.
void finish(Self self);
/// Ends the actor once the last state is safe.
void passivate(Self self);

}  // namespace troupe::match

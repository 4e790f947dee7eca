// What a match tells of how its players play, to those who keep dossiers of it.
#pragma once

#include <string>

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// Somebody came in: whoever keeps the dossier may object.
void announce(const MatchState& state, int slot);
/// After each tick, with what it was made by.
void watch_tick(MatchState& state, const LoggedTick& made_by);
/// Tells what there is of all players, as every kReportTicks; or of one.
void report_conduct(MatchState& state);
void report_conduct(MatchState& state, std::size_t slot);
inline constexpr std::uint32_t kReportTicks = 300;

/// Out of the match. Who comes in again is announced again.
void kick(MatchState& state, const std::string& player);

}  // namespace troupe::match

// What a match tells of how its players play, to those who keep dossiers of it.
#pragma once

#include <string>

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// After each tick, with what it was made by.
void watch_tick(MatchState& state, const LoggedTick& made_by);
/// A command was used, or was one too many.
void count_command(MatchState& state, std::size_t slot, bool used);
/// Tells what there is of all players, as every kReportTicks.
void report_conduct(MatchState& state);
inline constexpr std::uint32_t kReportTicks = 300;

/// Out of the match, and not in again.
void kick(MatchState& state, const std::string& player);

}  // namespace troupe::match

// The match domain as the composition root sees it.
#pragma once

#include <memory>

#include "actors/match/match_actor.hpp"

namespace troupe::match {

/// Registers the kind "match". All that `shared` refers to outlives the actors.
void add_match(const std::shared_ptr<MatchShared>& shared);

}  // namespace troupe::match

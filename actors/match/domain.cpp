#include "actors/match/domain.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

namespace troupe::match {

void add_match(const std::shared_ptr<MatchShared>& shared) {
  actors::EntityKind kind;
  kind.name = kMatchKind;
  kind.max_active = shared->options.max_matches;
  kind.idle_after = shared->options.idle_after;
  kind.restart_eagerly = true;  // clients stay connected and expect the match to go on
  kind.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(match_actor, shared, id));
  };
  shared->context.entities.add_kind(std::move(kind));
}

}  // namespace troupe::match

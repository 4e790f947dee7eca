// The actor of one live session. It never sees a viewer: what it announces goes to hubs that share
// it among theirs.
#pragma once

#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/live/domain.hpp"

namespace troupe::live {

/// What all live actors share. Immutable.
struct Shared {
  actors::Context& context;
  Directory& directory;
  Output output;
  Options options;
};

[[nodiscard]] caf::actor spawn_live(caf::actor_system& system, std::shared_ptr<const Shared> shared,
                                    std::string id);

}  // namespace troupe::live

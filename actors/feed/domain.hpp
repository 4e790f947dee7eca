// The feed domain as the composition root sees it.
#pragma once

#include <memory>

#include <caf/actor.hpp>

#include "actors/feed/fanout_actor.hpp"
#include "actors/system/context.hpp"
#include "base/result.hpp"

namespace troupe::feed {

struct FeedOptions {
  std::size_t max_active = 1'000'000;
  std::chrono::milliseconds idle_after{600'000};
  FanoutOptions fanout;
};

/// What keeps running; stop the fan-out before the writer goes.
struct FeedDomain {
  std::shared_ptr<FeedShared> shared;
  caf::actor fanout;  ///< null when a supervisor keeps it
};

/// Registers the kinds "feed" and "handle" and starts the fan-out. Blocks while it reads who is a
/// celebrity: at start. Errors: io, corrupt.
Result<FeedDomain> add_feed(actors::Context& context, FeedOptions options);

}  // namespace troupe::feed

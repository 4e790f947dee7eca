#include "actors/feed/domain.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

namespace troupe::feed {

Result<FeedDomain> add_feed(actors::Context& context, FeedOptions options) {
  auto shared = std::shared_ptr<FeedShared>(new FeedShared{context, {}});
  if (auto loaded = shared->celebrities.load(context.store); !loaded.ok()) return loaded.error();
  actors::EntityKind feeds;
  feeds.name = kFeedKind;
  feeds.idle_after = options.idle_after;
  feeds.max_active = options.max_active;
  feeds.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(feed_actor, shared, id));
  };
  context.entities.add_kind(std::move(feeds));
  actors::EntityKind handles;
  handles.name = kHandleKind;
  handles.idle_after = std::chrono::seconds(5);
  handles.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(handle_actor, shared, id));
  };
  context.entities.add_kind(std::move(handles));
  auto fanout = context.system.spawn(fanout_actor, shared, std::move(options.fanout));
  return FeedDomain{std::move(shared), std::move(fanout)};
}

}  // namespace troupe::feed

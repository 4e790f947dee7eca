#include "actors/feed/domain.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include "actors/system/supervisor.hpp"

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
  handles.domain = kFeedKind;
  handles.idle_after = std::chrono::seconds(5);
  handles.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(handle_actor, shared, id));
  };
  context.entities.add_kind(std::move(handles));
  auto start = [shared, fanout = options.fanout](caf::actor_system& system) {
    return system.spawn(fanout_actor, shared, fanout);
  };
  if (context.supervision == nullptr) return FeedDomain{shared, start(context.system)};
  context.supervision->add("feed", {.id = "fanout", .start = std::move(start)});
  return FeedDomain{std::move(shared), nullptr};
}

}  // namespace troupe::feed

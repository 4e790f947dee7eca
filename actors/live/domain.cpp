#include "actors/live/domain.hpp"

#include "actors/live/live_actor.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/entity.hpp"

namespace troupe::live {

Result<void> add_live(actors::Context& context, Directory& directory, Output output,
                      Options options) {
  if (auto loaded = directory.load(context.store); !loaded.ok()) return loaded;
  actors::EntityKind kind;
  kind.name = kKind;
  kind.idle_after = options.idle_after;
  kind.max_active = options.max_active;
  const std::shared_ptr<const Shared> shared(
      new Shared{context, directory, std::move(output), std::move(options)});
  kind.activate = [shared](caf::actor_system& system, const std::string& id) {
    return spawn_live(system, shared, id);
  };
  context.entities.add_kind(std::move(kind));
  return {};
}

}  // namespace troupe::live

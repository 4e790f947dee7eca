#include "actors/leaderboard/domain.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include "actors/system/supervisor.hpp"

namespace troupe::leaderboard {

Result<std::shared_ptr<Catalogue>> add_leaderboard(actors::Context& context,
                                                   const LeaderboardOptions& options) {
  auto catalogue = std::make_shared<Catalogue>(context.writer);
  if (auto loaded = catalogue->load(context.store); !loaded.ok()) return loaded.error();
  const auto shared =
      std::make_shared<LeaderboardShared>(LeaderboardShared{context, catalogue, options});
  actors::EntityKind boards;
  boards.name = kLeaderboardKind;
  boards.idle_after = std::chrono::minutes(10);
  boards.max_active = 1'000;
  boards.max_waiting_per_entity = 10'000;
  boards.activate = [shared](caf::actor_system& system, const std::string& id) {
    return caf::actor_cast<caf::actor>(system.spawn(leaderboard_actor, shared, id));
  };
  context.entities.add_kind(std::move(boards));
  auto start = [shared](caf::actor_system& system) { return system.spawn(points_actor, shared); };
  if (context.supervision == nullptr)
    start(context.system);
  else
    context.supervision->add(kLeaderboardKind, {.id = "points", .start = std::move(start)});
  return catalogue;
}

}  // namespace troupe::leaderboard

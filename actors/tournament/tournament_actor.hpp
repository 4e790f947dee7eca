// The entity of one tournament.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <caf/typed_event_based_actor.hpp>

#include "actors/ratings/player_rating.hpp"
#include "actors/system/context.hpp"
#include "actors/tournament/messages.hpp"

namespace troupe::tournament {

struct TournamentOptions {
  ratings::System system = ratings::System::weng_lin;
  std::uint32_t time_limit_ticks = 0;  ///< of the matches; 0: none
};

struct TournamentShared {
  actors::Context& context;
  TournamentOptions options;
};

struct TournamentState {
  static constexpr const char* name = "tournament";
  std::shared_ptr<TournamentShared> shared;
  std::string id;
  TournamentPtr now;  ///< null: there is none (yet)
  std::uint32_t steps = 0;
  bool busy = true;  ///< loading, or a step is on its way to disk: others wait
  bool leaving = false;
  std::deque<std::function<void()>> waiting;
};

TournamentActor::behavior_type tournament_actor(
    TournamentActor::stateful_pointer<TournamentState> self,
    std::shared_ptr<TournamentShared> shared, std::string id);

/// Registers the kind "tournament", and starts the consumer of results (results_actor.hpp).
void add_tournament(actors::Context& context, const TournamentOptions& options);

}  // namespace troupe::tournament

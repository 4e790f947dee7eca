// The desk as an entity: looks ratings up, runs batches by the clock, has matches made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/typed_event_based_actor.hpp>

#include "actors/matchmaking/messages.hpp"
#include "actors/ratings/player_rating.hpp"
#include "actors/system/context.hpp"

namespace troupe::matchmaking {

struct MatchmakingOptions {
  DeskOptions desk;
  ratings::System system = ratings::System::weng_lin;
  std::chrono::milliseconds every{250};
  std::uint32_t time_limit_ticks = 0;  ///< of the matches; 0: none
  std::function<bool()> closed = {};   ///< whether no new matches are made, as before a stop
};

struct MatchmakingShared {
  actors::Context& context;
  MatchmakingOptions options;
};

struct DeskState {
  static constexpr const char* name = "matchmaking";
  std::shared_ptr<MatchmakingShared> shared;
  std::unique_ptr<Desk> desk;
  bool warned = false;  ///< that a match could not be made, since the last batch
};

DeskActor::behavior_type desk_actor(DeskActor::stateful_pointer<DeskState> self,
                                    std::shared_ptr<MatchmakingShared> shared);

/// Registers the kind "matchmaking" and wakes the desk. Errors: invalid_argument (modes larger than
/// a match, regions).
Result<void> add_matchmaking(actors::Context& context, MatchmakingOptions options);

}  // namespace troupe::matchmaking

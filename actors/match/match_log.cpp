#include "actors/match/match_log.hpp"

#include <prometheus/counter.h>

namespace troupe::match {

void log_tick(MatchState& state, const LoggedTick& made_by, std::shared_ptr<HeldTick> snapshots) {
  auto& held = state.held;
  while (!held.empty() && held.front()->shown()) held.pop_front();
  if (held.size() == kMaxHeldTicks) {
    if (held.front()->show()) state.shared->unsafe_ticks.Increment();
    held.pop_front();
  }
  held.push_back(snapshots);
  state.shared->log.append(log_key(state.at.info.id, state.at.world.tick),
                           encode_log(made_by, game::state_hash(state.at.world)),
                           std::move(snapshots));
}

}  // namespace troupe::match

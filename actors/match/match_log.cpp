#include "actors/match/match_log.hpp"

#include <caf/actor_cast.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

namespace troupe::match {
namespace {

using Self = MatchActor::stateful_pointer<MatchState>;

void show_oldest(MatchState& state) {
  for (auto& sent : state.held.front().snapshots)
    state.shared->output.snapshot(sent.session, sent.head, std::move(sent.delta));
  state.held.pop_front();
}
}  // namespace

void log_tick(Self self, LoggedTick made_by) {
  auto& state = self->state;
  const auto tick = state.at.world.tick;
  if (state.held.size() == kMaxHeldTicks) {
    state.shared->unsafe_ticks.Increment();
    show_oldest(state);
  }
  state.held.push_back({tick, {}});
  state.shared->log.append(log_key(state.at.info.id, tick),
                           encode_log({std::move(made_by), game::state_hash(state.at.world)}),
                           caf::actor_cast<caf::actor>(self), tick);
}

void is_safe(MatchState& state, std::uint32_t tick, bool written) {
  if (!written) {
    // It goes on from checkpoints, should they be written.
    state.shared->unsafe_ticks.Increment();
    spdlog::warn("match {}: tick {} is not logged", state.at.info.id, tick);
  }
  // Ticks reach the disk in order.
  while (!state.held.empty() && state.held.front().tick <= tick) show_oldest(state);
}

void send_when_safe(MatchState& state, SessionId session, const game::SnapshotHead& head,
                    std::shared_ptr<const std::string> delta) {
  state.held.back().snapshots.push_back({session, head, std::move(delta)});
}

}  // namespace troupe::match

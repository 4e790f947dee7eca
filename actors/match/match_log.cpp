#include "actors/match/match_log.hpp"

#include <algorithm>

#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/system/persist.hpp"

namespace troupe::match {

void log_tick(MatchState& state, const LoggedTick& made_by, std::shared_ptr<HeldTick> snapshots) {
  auto& held = state.held;
  while (!held.empty() && held.front()->shown()) held.pop_front();
  if (held.size() == kMaxHeldTicks) {
    if (held.front()->show()) state.shared->unsafe_ticks.Increment();
    held.pop_front();
  }
  held.push_back(snapshots);
  state.shared->log.append(log_key(state.at.info.id, state.at.state->tick()),
                           encode_log(made_by, state.at.state->hash()), std::move(snapshots));
}

void trim_log(const MatchState& state, storage::Batch& batch) {
  const auto& options = state.shared->options;
  const auto keep = static_cast<std::int64_t>(options.log_keep_s) * options.tick_hz;
  const auto end = static_cast<std::int64_t>(state.at.state->tick()) - keep;
  if (end <= 0) return;
  // Checkpoints before this one erased the rest; a slow disk makes a match skip some.
  constexpr int kMostSkipped = 8;
  const auto begin = std::max<std::int64_t>(0, end - kMostSkipped * options.checkpoint_ticks);
  erase_log(batch, state.at.info.id, static_cast<std::uint32_t>(begin),
            static_cast<std::uint32_t>(end));
}

void collect_ended_logs(MatchActor::stateful_pointer<MatchState> self) {
  constexpr std::size_t kLogs = 16;
  auto& shared = *self->state.shared;
  const auto now = shared.context.now_ms();
  const auto keep = static_cast<std::uint64_t>(shared.options.log_keep_s) * 1'000;
  actors::read<std::vector<EndedLog>>(
      self, shared.context.reads,
      [before = now > keep ? now - keep : 0](const storage::Store& store) {
        return ended_logs(store, before, kLogs);
      },
      [self](Result<std::vector<EndedLog>> logs) {
        if (!logs.ok()) return spdlog::warn("logs of matches stay: {}", logs.error().detail);
        if (logs->empty()) return;
        storage::Batch batch;
        for (const auto& log : *logs) erase_ended_log(batch, log);
        actors::persist(self, self->state.shared->context.writer, std::move(batch),
                        [](const auto& done) {
                          if (!done.ok())
                            spdlog::warn("logs of matches stay: {}", done.error().detail);
                        });
      });
}

}  // namespace troupe::match

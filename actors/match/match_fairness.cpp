#include "actors/match/match_fairness.hpp"

#include <utility>

namespace troupe::match {

void announce(const MatchState& state, int slot) {
  if (!state.shared->conduct) return;
  auto report = std::make_shared<fairness::Report>();
  report->match = state.at.info.id;
  report->slot = static_cast<std::uint8_t>(slot);
  report->tick = state.at.state->tick();
  state.shared->conduct(state.seats[static_cast<std::size_t>(slot)].player, std::move(report));
}

void watch_tick(MatchState& state, const LoggedTick& made_by) {
  if (!state.shared->conduct || !state.shared->options.watch) return;
  if (!state.watched) {
    state.watched = true;
    state.watcher = state.at.game->watcher();
  }
  for (const auto& used : made_by.commands) ++state.seats[used.slot].conduct.used;
  if (state.watcher) {
    game::Commands commands{};
    for (const auto& used : made_by.commands) commands[used.slot] = used.command;
    state.noticed.clear();
    state.watcher->look(*state.at.state, commands, state.noticed);
    for (const auto& notice : state.noticed)
      state.seats[notice.slot].conduct.notices.push_back(notice);
  }
  if (state.at.state->tick() % kReportTicks == 0) report_conduct(state);
}

void report_conduct(MatchState& state) {
  for (std::size_t slot = 0; slot < state.seats.size(); ++slot) report_conduct(state, slot);
}

void report_conduct(MatchState& state, std::size_t slot) {
  if (!state.shared->conduct || !state.shared->options.watch) return;
  auto& seat = state.seats[slot];
  const auto& conduct = seat.conduct;
  if (seat.player.empty() || conduct.used + conduct.dropped + conduct.invalid == 0) return;
  auto report = std::make_shared<fairness::Report>(std::exchange(seat.conduct, {}));
  report->match = state.at.info.id;
  report->slot = static_cast<std::uint8_t>(slot);
  report->tick = state.at.state->tick();
  state.shared->conduct(seat.player, std::move(report));
}

void kick(MatchState& state, const std::string& player) {
  const auto place = state.at.places.find(player);
  if (place == state.at.places.end()) return;
  auto& seat = state.seats[static_cast<std::size_t>(place->second)];
  if (seat.session == 0) return;
  state.shared->output.goodbye(seat.session, game::Goodbye::kicked);
  seat.gone = std::exchange(seat.session, 0);
  seat.pending.clear();
  seat.gone_since_ms = state.shared->context.now_ms();
}

}  // namespace troupe::match

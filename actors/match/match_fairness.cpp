#include "actors/match/match_fairness.hpp"

#include <utility>

namespace troupe::match {

void watch_tick(MatchState& state, const LoggedTick& made_by) {
  if (!state.shared->conduct) return;
  if (!state.watched) {
    state.watched = true;
    state.watcher = state.at.game->watcher();
  }
  for (const auto& used : made_by.commands) count_command(state, used.slot, true);
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

void count_command(MatchState& state, std::size_t slot, bool used) {
  auto& conduct = state.seats[slot].conduct;
  used ? ++conduct.used : ++conduct.dropped;
}

void report_conduct(MatchState& state) {
  if (!state.shared->conduct) return;
  for (std::size_t slot = 0; slot < state.seats.size(); ++slot) {
    auto& seat = state.seats[slot];
    if (seat.player.empty() || seat.conduct.used + seat.conduct.dropped == 0) continue;
    auto report = std::make_shared<fairness::Report>(std::exchange(seat.conduct, {}));
    report->match = state.at.info.id;
    report->slot = static_cast<std::uint8_t>(slot);
    report->tick = state.at.state->tick();
    state.shared->conduct(seat.player, std::move(report));
  }
}

void kick(MatchState& state, const std::string& player) {
  constexpr std::size_t kMaxBarred = 1'024;
  if (state.barred.size() < kMaxBarred) state.barred.insert(player);
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

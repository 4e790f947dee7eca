#include "actors/match/screening.hpp"

namespace troupe::match {

void Screening::tick(const std::string& match, const game::Game& game, const game::State& state,
                     std::uint32_t delay_ticks, Spectators& spectators) {
  if (!spectators.watched(match)) {
    held_.clear();
    return;
  }
  const auto now = state.tick();
  held_.push_back({now, game.spectator_frame(state)});
  while (!held_.empty() && now - held_.front().tick >= delay_ticks) {
    spectators.show(match, held_.front().frame);
    held_.pop_front();
  }
}

}  // namespace troupe::match

#include "actors/match/screening.hpp"

#include "game/spectator_frame.hpp"

namespace troupe::match {

void Screening::tick(const std::string& match, const game::World& world, std::uint32_t delay_ticks,
                     Spectators& spectators) {
  if (!spectators.watched(match)) {
    held_.clear();
    return;
  }
  held_.push_back({world.tick, game::encode_spectator_frame(game::take_snapshot(world))});
  while (!held_.empty() && world.tick - held_.front().tick >= delay_ticks) {
    spectators.show(match, held_.front().frame);
    held_.pop_front();
  }
}

}  // namespace troupe::match

#include "actors/match/result.hpp"

#include <algorithm>

namespace troupe::match {

bool is_over(const Rules& rules, const game::World& world) noexcept {
  if (rules.time_limit_ticks > 0 && world.tick >= rules.time_limit_ticks) return true;
  return rules.score_limit > 0 && std::ranges::any_of(world.players, [&](const game::Player& p) {
           return p.present && p.score >= rules.score_limit;
         });
}

std::vector<Placement> rank(const game::World& world, const std::map<std::string, int>& places) {
  std::vector<Placement> all;
  for (const auto& [player, slot] : places)
    all.push_back({player, 0, world.players[static_cast<std::size_t>(slot)].score});
  std::ranges::stable_sort(all, std::ranges::greater{}, &Placement::score);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool shares = i > 0 && all[i].score == all[i - 1].score;
    all[i].place = shares ? all[i - 1].place : static_cast<int>(i) + 1;
  }
  return all;
}

}  // namespace troupe::match

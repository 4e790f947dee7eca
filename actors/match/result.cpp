#include "actors/match/result.hpp"

#include <algorithm>

namespace troupe::match {

bool is_over(const Rules& rules, const game::State& state) {
  if (state.over()) return true;
  if (rules.time_limit_ticks > 0 && state.tick() >= rules.time_limit_ticks) return true;
  if (rules.score_limit == 0) return false;
  for (int slot = 0; slot < game::kMaxPlayers; ++slot) {
    if (state.taken(slot) && state.score(slot) >= rules.score_limit) return true;
  }
  return false;
}

std::vector<Placement> rank(const game::State& state, const std::map<std::string, int>& places) {
  constexpr int kMostScore = 65'535;
  std::vector<Placement> all;
  for (const auto& [player, slot] : places) {
    const auto score = std::clamp(state.score(slot), 0, kMostScore);
    all.push_back({player, 0, static_cast<std::uint16_t>(score)});
  }
  std::ranges::stable_sort(all, std::ranges::greater{}, &Placement::score);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool shares = i > 0 && all[i].score == all[i - 1].score;
    all[i].place = shares ? all[i - 1].place : static_cast<int>(i) + 1;
  }
  return all;
}

}  // namespace troupe::match

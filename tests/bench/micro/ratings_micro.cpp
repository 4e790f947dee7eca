// Updates of ratings, one core.
#include <array>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "actors/ratings/trueskill.hpp"
#include "actors/ratings/weng_lin.hpp"

namespace {

using namespace troupe::ratings;

/// Random pairs out of many players, so that nothing stays in registers.
template <void (*update)(std::span<const Side>)>
void one_against_one(benchmark::State& state) {
  std::vector<Skill> players(100'000);
  std::mt19937 random(1);
  for (auto _ : state) {
    const std::size_t a = random() % players.size(), b = random() % players.size();
    const std::array sides{Side{{&players[a], 1}, 1}, Side{{&players[b], 1}, 2}};
    update(sides);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_against_one<weng_lin::update>)->Name("ratings/weng_lin_1v1");
BENCHMARK(one_against_one<[](std::span<const Side> sides) { trueskill::update(sides); }>)
    ->Name("ratings/trueskill_1v1");

void free_for_all(benchmark::State& state) {
  std::vector<Skill> players(static_cast<std::size_t>(state.range(0)));
  std::vector<Side> sides;
  for (std::size_t i = 0; i < players.size(); ++i)
    sides.push_back({{&players[i], 1}, static_cast<int>(i) + 1});
  for (auto _ : state) weng_lin::update(sides);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(free_for_all)->Name("ratings/weng_lin_free_for_all")->Arg(8)->Arg(64);

}  // namespace

// A page of a timeline out of its runs.
#include <vector>

#include <benchmark/benchmark.h>

#include "actors/feed/timeline.hpp"

namespace {

using namespace troupe;
using namespace troupe::feed;

/// `count` entries, newest first.
std::vector<Entry> entries(std::size_t count) {
  std::vector<Entry> made;
  Id id = make_id();
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back({id, i});
    id = make_id_after(id);
  }
  return {made.rbegin(), made.rend()};
}

void page(benchmark::State& state) {
  std::vector<std::vector<Entry>> stored;
  for (int run = 0; run < state.range(0); ++run) stored.push_back(entries(200));
  const std::vector<std::span<const Entry>> runs(stored.begin(), stored.end());
  for (auto _ : state) benchmark::DoNotOptimize(merge_runs(runs, std::nullopt, 50));
}
BENCHMARK(page)->Name("feed/merge_page_of_50")->Arg(1)->Arg(20);

void insert(benchmark::State& state) {
  const auto incoming = entries(400);
  for (auto _ : state) {
    Timeline timeline(200);
    for (auto entry = incoming.rbegin(); entry != incoming.rend(); ++entry)
      benchmark::DoNotOptimize(timeline.insert(*entry));
  }
}
BENCHMARK(insert)->Name("feed/insert_400_into_200");

}  // namespace

// The journal's records, both ways: writing one, and reading it with verification.
#include <string>

#include <benchmark/benchmark.h>

#include "storage/records.hpp"

namespace {

using namespace troupe::storage;

Event event() {
  return {"feed/01JD3Z2Q8W5N7X4V6T0R9S1M2K", "troupe.feed.post.created.v1", std::string(256, 'x')};
}

void encode(benchmark::State& state) {
  const auto made = event();
  for (auto _ : state) benchmark::DoNotOptimize(encode_event(made, 1'700'000'000'000));
}
BENCHMARK(encode)->Name("journal/encode_event");

void decode(benchmark::State& state) {
  const auto bytes = encode_event(event(), 1'700'000'000'000);
  for (auto _ : state) benchmark::DoNotOptimize(decode_event(1, bytes));
}
BENCHMARK(decode)->Name("journal/decode_event");

}  // namespace

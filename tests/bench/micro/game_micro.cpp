// The arena's tick and the snapshots of it.
#include <array>
#include <optional>

#include <benchmark/benchmark.h>

#include "game/arena/snapshot_codec.hpp"
#include "game/arena/world.hpp"

namespace {

using namespace troupe::game;
/// All players run about and shoot as often as the rules let them.
ArenaCommands busy_commands(int players, std::uint32_t tick) {
  ArenaCommands commands;
  for (int slot = 0; slot < players; ++slot) {
    Command command;
    command.move_x = static_cast<std::int8_t>((slot + static_cast<int>(tick / 20)) % 3 - 1);
    command.move_y = static_cast<std::int8_t>((slot + static_cast<int>(tick / 30)) % 3 - 1);
    command.aim = static_cast<std::uint8_t>(slot * 37 + static_cast<int>(tick) * 3);
    command.fire = true;
    commands[static_cast<std::size_t>(slot)] = command;
  }
  return commands;
}

World busy_world(int players, std::uint32_t ticks) {
  World world = make_world(7);
  for (int slot = 0; slot < players; ++slot) add_player(world, slot);
  for (std::uint32_t tick = 0; tick < ticks; ++tick) step(world, busy_commands(players, tick));
  return world;
}

void tick(benchmark::State& state) {
  const int players = static_cast<int>(state.range(0));
  World world = busy_world(players, 90);
  const auto commands = busy_commands(players, 90);
  for (auto _ : state) {
    step(world, commands);
    benchmark::DoNotOptimize(world.tick);
  }
}
BENCHMARK(tick)->Name("world/step")->Arg(10)->Arg(64);

void hash(benchmark::State& state) {
  const World world = busy_world(10, 90);
  for (auto _ : state) benchmark::DoNotOptimize(state_hash(world));
}
BENCHMARK(hash)->Name("world/state_hash");

void delta(benchmark::State& state) {
  const int players = static_cast<int>(state.range(0));
  World world = busy_world(players, 90);
  const Snapshot baseline = take_snapshot(world);
  for (std::uint32_t tick = 90; tick < 93; ++tick) step(world, busy_commands(players, tick));
  const Snapshot now = take_snapshot(world);
  std::size_t bytes = 0;
  for (auto _ : state) {
    SnapshotModel model;
    const auto delta = encode_snapshot(model, baseline, now);
    bytes = delta.size();
    benchmark::DoNotOptimize(delta.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(delta)->Name("snapshot/encode_delta")->Arg(10)->Arg(64);

void undelta(benchmark::State& state) {
  const int players = static_cast<int>(state.range(0));
  World world = busy_world(players, 90);
  const Snapshot baseline = take_snapshot(world);
  for (std::uint32_t tick = 90; tick < 93; ++tick) step(world, busy_commands(players, tick));
  const Snapshot now = take_snapshot(world);
  SnapshotModel learned;
  const auto bytes = encode_snapshot(learned, baseline, now);
  for (auto _ : state) {
    SnapshotModel model;
    benchmark::DoNotOptimize(decode_snapshot(model, baseline, now.tick, bytes));
  }
}
BENCHMARK(undelta)->Name("snapshot/decode_delta")->Arg(10)->Arg(64);

}  // namespace

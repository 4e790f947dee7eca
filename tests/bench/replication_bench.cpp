// Bytes and time of a snapshot's delta, without a network: ten movers as Colyseus is measured with,
// and 901 cubes. Every delta is decoded again and compared.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "game/pack_bits.hpp"
#include "game/row_set.hpp"
#include "game/wire.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/cubes.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
using game::FieldTable;
using game::Guess;
using game::RowSet;
using game::RowSetModel;

constexpr std::size_t kHeadBytes = game::kMaxHeadBytes - 3;  ///< with a baseline

/// A connection that has its baselines: what it sends, and the tables that it is told, as
/// game/tables.hpp does it.
class Stream {
 public:
  explicit Stream(FieldTable table) : table_(table), told_(table), learning_(table) {}

  void send(const RowSet& from, const RowSet& now) {
    const auto began = Clock::now();
    auto model = told_;
    game::EntropyEncoder out;
    game::encode_rows(out, model, table_, from, now);
    const auto bytes = out.take();
    const auto encoded = Clock::now();
    auto reading = told_;
    game::EntropyDecoder in(bytes);
    RowSet back{.tick = now.tick, .ids = {}, .rows = {}};
    const bool good = game::decode_rows(in, reading, table_, from, now.ids.size(), back);
    const auto decoded = Clock::now();
    if (!good || !in.complete() || back != now) {
      std::fprintf(stderr, "bench replication: tick %u does not decode\n", now.tick);
      std::exit(1);
    }
    encode_s += std::chrono::duration<double>(encoded - began).count();
    decode_s += std::chrono::duration<double>(decoded - encoded).count();
    bytes_sum += static_cast<double>(bytes.size() + kHeadBytes);
    ++frames;
    if (frames % kLearnEvery == 0) learn(from, now, bytes.size());
  }

  double encode_s = 0, decode_s = 0, bytes_sum = 0, tables_sum = 0;
  std::size_t frames = 0;

 private:
  static constexpr std::size_t kLearnEvery = 4;

  void learn(const RowSet& from, const RowSet& now, std::size_t sent) {
    game::EntropyEncoder out;
    game::encode_rows(out, learning_, table_, from, now);
    wasted_ += (static_cast<double>(sent) - static_cast<double>(out.take().size())) * kLearnEvery;
    const auto packed = game::pack_bits(learning_);
    if (wasted_ < static_cast<double>(packed.size())) return;
    wasted_ = 0;
    tables_sum += static_cast<double>(packed.size());
    if (!game::unpack_bits(packed, told_)) std::exit(1);
  }

  FieldTable table_;
  RowSetModel told_, learning_;
  double wasted_ = 0;
};

/// What plain bit-packing takes, in bits: one for each row that did not change; one for each field
/// that did not; five for a small change, and the whole field for others. `derived`: fields that
/// follow from others and need not travel.
double packed_bits(FieldTable table, const RowSet& from, const RowSet& now, bool derived) {
  double bits = 0;
  for (std::size_t row = 0; row < now.rows.size(); ++row) {
    bits += 1;
    if (from.rows[row] == now.rows[row]) continue;
    for (std::size_t i = 0; i < table.size(); ++i) {
      const bool is_speed = std::ranges::any_of(
          table, [i](const game::Field& f) { return f.guess == Guess::moved_by && f.by == i; });
      if (derived && is_speed) continue;
      const auto change = now.rows[row][i] - from.rows[row][i];
      bits += 1;
      if (change == 0) continue;
      if (table[i].bits > 6) bits += 1;
      bits += table[i].bits > 6 && change >= -16 && change < 16 ? 5 : table[i].bits;
    }
  }
  return bits;
}

// --- ten movers ---

constexpr std::array<game::Field, 5> kMover{
    {{.name = "vx", .bits = 8, .is_signed = true, .guess = Guess::zero},
     {.name = "vy", .bits = 8, .is_signed = true, .guess = Guess::zero},
     {.name = "x", .is_signed = true, .guess = Guess::moved_by, .by = 0},
     {.name = "y", .is_signed = true, .guess = Guess::moved_by, .by = 1},
     {.name = "hp", .bits = 8}}};

/// The scenario: each tick every mover has a velocity that is uniform in [-10, 9] on both axes.
void move(RowSet& movers, std::mt19937& random) {
  ++movers.tick;
  for (auto& row : movers.rows) {
    for (const std::size_t axis : {0U, 1U}) {
      row[axis] = static_cast<std::int32_t>(random() % 20) - 10;
      row[axis + 2] = static_cast<std::int16_t>(row[axis + 2] + row[axis]);
    }
    if (random() % 100 == 0) row[4] = static_cast<std::int32_t>(random() % 101);
  }
}

struct Run {
  std::vector<Stream> streams;  ///< by how many ticks the baseline is old
  double packed_bytes = 0, moving = 0;
};

Run ten_movers(std::size_t ticks, std::uint32_t seed) {
  std::mt19937 random(seed);
  RowSet now;
  for (std::uint16_t i = 0; i < 10; ++i) {
    now.ids.push_back(i);
    now.rows.push_back(
        {0, 0, static_cast<std::int16_t>(random()), static_cast<std::int16_t>(random()), 100});
  }
  Run run{{Stream(kMover), Stream(kMover)}, 0, 0};
  std::deque<RowSet> past;
  for (std::size_t tick = 0; tick < ticks; ++tick) {
    past.push_back(now);
    if (past.size() > 3) past.pop_front();
    move(now, random);
    run.streams[0].send(past.back(), now);
    run.streams[1].send(past.front(), now);
    run.packed_bytes += kHeadBytes + packed_bits(kMover, past.back(), now, false) / 8;
  }
  return run;
}

Run cubes(std::size_t frames, std::uint32_t seed) {
  Cubes world(seed);
  Run run{{Stream(cube_table()), Stream(cube_table())}, 0, 0};
  std::deque<RowSet> past;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    past.push_back(world.rows());
    if (past.size() > 6) past.pop_front();
    world.step();
    const auto now = world.rows();
    run.streams[0].send(past.back(), now);
    run.streams[1].send(past.front(), now);
    run.packed_bytes += kHeadBytes + packed_bits(cube_table(), past.front(), now, true) / 8;
    run.moving += static_cast<double>(world.moving());
  }
  return run;
}

double mean(const Stream& stream) {
  return stream.bytes_sum / static_cast<double>(stream.frames);
}
double tables(const Stream& stream) {
  return stream.tables_sum / static_cast<double>(stream.frames);
}
double per_s(const Stream& stream, double seconds) {
  return static_cast<double>(stream.frames) / seconds;
}

int run(std::size_t ticks, std::size_t frames, std::uint32_t seed, const std::string& json) {
  const auto movers = ten_movers(ticks, seed);
  const auto field = cubes(frames, seed);
  const auto& mover = movers.streams[0];
  const auto& cube = field.streams[1];
  const auto ticks_f = static_cast<double>(ticks), frames_f = static_cast<double>(frames);
  BenchReport report("replication");
  report.add("seed", seed);
  report.add("ten_movers_bytes_mean", mean(mover),
             "B, head of 11 included, against the tick before; bar 25, Colyseus 113 to 116");
  report.add("ten_movers_payload_bytes_mean", mean(mover) - kHeadBytes, "B; entropy 10.8");
  report.add("ten_movers_tables_bytes_mean", tables(mover), "B a snapshot, told apart");
  report.add("ten_movers_bitpacked_bytes_mean", movers.packed_bytes / ticks_f, "B");
  report.add("ten_movers_3_back_bytes_mean", mean(movers.streams[1]),
             "B, against three ticks before");
  report.add("cubes_bytes_mean", mean(cube),
             "B, head included, against six frames before (100 ms); bar 500");
  report.add("cubes_tables_bytes_mean", tables(cube), "B a frame, told apart");
  report.add("cubes_bitpacked_bytes_mean", field.packed_bytes / frames_f,
             "B, the same frames against the same baselines");
  report.add("cubes_1_back_bytes_mean", mean(field.streams[0]), "B, against the frame before");
  report.add("cubes_moving_mean", field.moving / frames_f, "of 901");
  report.add("encode_per_s", per_s(mover, mover.encode_s), "ten movers, one core");
  report.add("decode_per_s", per_s(mover, mover.decode_s), "ten movers, one core");
  report.add("cubes_encode_per_s", per_s(cube, cube.encode_s), "one core");
  report.add("cubes_decode_per_s", per_s(cube, cube.decode_s), "one core");
  return report.finish(json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("Bytes and time of a snapshot's delta, without a network");
  std::size_t ticks = 200'000, frames = 10'000;
  std::uint32_t seed = 1;
  bool quick = false;
  std::string json;
  cli.add_option("--ticks", ticks, "Of the ten movers")->check(CLI::Range(100, 10'000'000));
  cli.add_option("--frames", frames, "Of the cubes, 60 a second")->check(CLI::Range(60, 1'000'000));
  cli.add_option("--seed", seed, "Of both");
  cli.add_flag("--quick", quick, "20,000 ticks and 2,400 frames");
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  if (quick) {
    ticks = 20'000;
    frames = 2'400;
  }
  return troupe::bench::run(ticks, frames, seed, json);
}

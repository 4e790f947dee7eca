// Durable writes through the group-commit writer beside RocksDB's own db_bench with synced writes,
// on the same disk in the same run, in turn.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <mutex>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/metrics.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kValueBytes = 256;

/// Keeps `in_flight` batches of one 256-byte record under way for `seconds`; acknowledged batches a
/// second.
double writer_rate(const std::string& path, int in_flight, double seconds) {
  Metrics metrics;
  auto store = storage::Store::open({.path = path});
  if (!store.ok()) throw std::runtime_error(store.error().detail);
  storage::Writer writer(**store, metrics);
  std::mutex mutex;
  std::condition_variable settled;
  std::atomic<std::uint64_t> next{0}, acknowledged{0};
  std::atomic<bool> stop{false};
  int under_way = 0;
  const std::string value(kValueBytes, 'v');
  // The key order is that of db_bench's fillrandom: spread over the whole range.
  std::function<void()> submit = [&] {
    storage::Batch batch;
    batch.put(storage::Family::ads, fmt::format("{:016x}", next++ * 0x9E3779B97F4A7C15ULL), value);
    const auto submitted =
        writer.submit(std::move(batch), [&](const Result<storage::Committed>& done) {
          if (done.ok()) ++acknowledged;
          if (!stop) return submit();
          const std::lock_guard lock(mutex);
          --under_way;
          settled.notify_one();
        });
    if (!submitted.ok()) throw std::runtime_error(submitted.error().detail);
  };
  const auto began = Clock::now();
  {
    const std::lock_guard lock(mutex);
    under_way = in_flight;
  }
  for (int i = 0; i < in_flight; ++i) submit();
  std::unique_lock lock(mutex);
  settled.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return under_way == 0; });
  const double rate = static_cast<double>(acknowledged) /
                      std::chrono::duration<double>(Clock::now() - began).count();
  stop = true;
  settled.wait(lock, [&] { return under_way == 0; });
  return rate;
}

/// `db_bench --benchmarks=fillrandom --sync=1`: operations a second.
double db_bench_rate(const std::string& path, int threads, double seconds) {
  const auto out = path + ".txt";
  auto child = sim::ChildProcess::start(
      {"db_bench", "--benchmarks=fillrandom", "--sync=1", "--db=" + path,
       fmt::format("--threads={}", threads), fmt::format("--value_size={}", kValueBytes),
       fmt::format("--duration={:.0f}", seconds), "--num=10000000", "--compression_type=snappy"},
      {.stdout_path = out});
  if (!child.ok()) throw std::runtime_error(child.error().detail);
  if (child->wait(std::chrono::seconds(120)) != 0)
    throw std::runtime_error("db_bench failed (package rocksdb-tools)");
  std::ifstream file(out);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto line = text.find("fillrandom");
  const auto end = text.find(" ops/sec", line);
  if (line == std::string::npos || end == std::string::npos)
    throw std::runtime_error("db_bench said: " + text);
  return std::stod(text.substr(text.rfind(' ', end - 1) + 1));
}

int run(double seconds, const std::vector<int>& widths, int rounds, const std::string& json) {
  test::TempDir dir;
  BenchReport report("storage");
  for (const int width : widths) {
    double ours = 0, theirs = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto name = fmt::format("{}-{}", width, round);
      ours += writer_rate(dir / ("ours-" + name), width, seconds) / rounds;
      theirs += db_bench_rate(dir / ("theirs-" + name), width, seconds) / rounds;
    }
    const bool main = width == 64;
    const auto suffix = main ? std::string() : fmt::format("_{}", width);
    report.add(
        "durable_writes_per_s" + suffix, ours,
        fmt::format("{} batches of 256 B in flight, each acknowledged after its sync", width));
    report.add("db_bench_writes_per_s" + suffix, theirs,
               fmt::format("fillrandom --sync=1 --threads={}", width));
    report.add("ratio" + suffix, ours / theirs, "bar 0.7");
  }
  return report.finish(json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("Durable writes beside db_bench");
  bool quick = false;
  double seconds = 5;
  std::string json;
  cli.add_flag("--quick", quick, "64 and 16 in flight, two rounds of two seconds");
  cli.add_option("--seconds", seconds, "Length of each run")->check(CLI::Range(1.0, 600.0));
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  try {
    return quick ? troupe::bench::run(2, {64, 16}, 2, json)
                 : troupe::bench::run(seconds, {64, 1, 16, 256}, 2, json);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench storage: %s\n", e.what());
    return 1;
  }
}

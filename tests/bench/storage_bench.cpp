// Durable writes through the group-commit writer beside RocksDB's own db_bench with synced writes:
// the same concurrency, sizes, compressibility and file system, in short rounds taken in turn.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <thread>

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

/// Values as db_bench's RandomGenerator makes them (tools/db_bench_tool.cc): slices of a megabyte
/// that compresses to half, 100 bytes at a time.
class Values {
 public:
  Values() {
    constexpr std::size_t kPool = 1U << 20, kPiece = 100;
    std::mt19937_64 random(301);
    while (pool_.size() < kPool) {
      std::string half(kPiece / 2, ' ');
      for (char& c : half) c = static_cast<char>(' ' + random() % 95);
      pool_ += half + half;
    }
  }
  [[nodiscard]] std::string_view at(std::uint64_t n) const {
    return std::string_view(pool_).substr(n * kValueBytes % (pool_.size() - kValueBytes),
                                          kValueBytes);
  }

 private:
  std::string pool_;
};

struct Round {
  std::string path;
  int width = 64;
  double seconds = 1;
};

storage::Batch one_record(std::uint64_t n, const Values& values) {
  storage::Batch batch;
  // Keys of 16 bytes spread over the whole range, as fillrandom's are.
  batch.put(storage::Family::ads, fmt::format("{:016x}", n * 0x9E3779B97F4A7C15ULL), values.at(n));
  return batch;
}

/// Keeps `width` batches under way, each followed by the next when it is acknowledged: the closed
/// loop of that many clients without a thread for each, as actors use the writer.
double in_flight_rate(storage::Writer& writer, const Values& values, const Round& round) {
  std::mutex mutex;
  std::condition_variable settled;
  std::atomic<std::uint64_t> next{0}, acknowledged{0};
  std::atomic<bool> stop{false};
  int under_way = round.width;
  std::function<void()> submit = [&] {
    const auto submitted =
        writer.submit(one_record(next++, values), [&](const Result<storage::Committed>& done) {
          if (done.ok()) ++acknowledged;
          if (!stop) return submit();
          const std::lock_guard lock(mutex);
          --under_way;
          settled.notify_one();
        });
    if (!submitted.ok()) {
      std::fprintf(stderr, "bench storage: %s\n", submitted.error().detail.c_str());
      std::abort();
    }
  };
  const auto began = Clock::now();
  for (int i = 0; i < round.width; ++i) submit();
  std::this_thread::sleep_for(std::chrono::duration<double>(round.seconds));
  const double rate = static_cast<double>(acknowledged) /
                      std::chrono::duration<double>(Clock::now() - began).count();
  stop = true;
  std::unique_lock lock(mutex);
  settled.wait(lock, [&] { return under_way == 0; });
  return rate;
}

/// The same with `width` threads that each block until their batch is acknowledged, as db_bench's
/// do: what a hand-over between threads costs is in it.
double threaded_rate(storage::Writer& writer, const Values& values, const Round& round) {
  std::atomic<std::uint64_t> next{0}, acknowledged{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  const auto began = Clock::now();
  for (int i = 0; i < round.width; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        std::atomic<bool> settled{false};
        const auto submitted =
            writer.submit(one_record(next++, values), [&](const Result<storage::Committed>& done) {
              if (done.ok()) ++acknowledged;
              settled = true;
              settled.notify_one();
            });
        if (!submitted.ok()) return;
        settled.wait(false);
      }
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(round.seconds));
  const double rate = static_cast<double>(acknowledged) /
                      std::chrono::duration<double>(Clock::now() - began).count();
  stop = true;
  for (auto& thread : threads) thread.join();
  return rate;
}

using Loop = double (*)(storage::Writer&, const Values&, const Round&);

double our_rate(Loop loop, const Values& values, const Round& round) {
  Metrics metrics;
  auto store = storage::Store::open({.path = round.path});
  if (!store.ok()) throw std::runtime_error(store.error().detail);
  storage::Writer writer(**store, metrics);
  return loop(writer, values, round);
}

/// `db_bench --benchmarks=fillrandom --sync=1`: operations a second. Both sides sync the log with
/// fdatasync, compress tables with Snappy and have memtables of 64 MiB; pipelined and concurrent
/// memtable writes, which are for its many threads, stay on.
double db_bench_rate(const Round& round) {
  const auto out = round.path + ".txt";
  auto child = sim::ChildProcess::start(
      {"db_bench", "--benchmarks=fillrandom", "--sync=1", "--db=" + round.path,
       fmt::format("--threads={}", round.width), fmt::format("--value_size={}", kValueBytes),
       "--key_size=16", "--compression_ratio=0.5", "--use_fsync=0", "--disable_wal=0",
       "--enable_pipelined_write=true", "--allow_concurrent_memtable_write=true",
       "--write_buffer_size=67108864", "--compression_type=snappy", "--num=10000000",
       fmt::format("--duration={:.0f}", round.seconds)},
      {.stdout_path = out});
  if (!child.ok()) throw std::runtime_error(child.error().detail);
  if (child->wait(std::chrono::seconds(120) + std::chrono::seconds(int(round.seconds))) != 0)
    throw std::runtime_error("db_bench failed (package rocksdb-tools)");
  std::ifstream file(out);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto line = text.find("fillrandom");
  const auto end = text.find(" ops/sec", line);
  if (line == std::string::npos || end == std::string::npos)
    throw std::runtime_error("db_bench said: " + text);
  return std::stod(text.substr(text.rfind(' ', end - 1) + 1));
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  const double at = q * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const auto high = std::min(low + 1, values.size() - 1);
  return values[low] + (values[high] - values[low]) * (at - static_cast<double>(low));
}

struct Set {
  int width;
  Loop loop;
  std::string suffix;  ///< of the metrics' keys
  std::string note;
};

/// A-B-B-A-A-B…: neither side always follows the other, and a slow spell of the disk hits both.
void measure(const Set& set, int rounds, double seconds, const Values& values,
             BenchReport& report) {
  test::TempDir dir;
  std::vector<double> ours, theirs, ratios;
  for (int i = 0; i < rounds; ++i) {
    const Round mine{dir / fmt::format("ours-{}", i), set.width, seconds};
    const Round peer{dir / fmt::format("theirs-{}", i), set.width, seconds};
    if (i % 2 == 0) ours.push_back(our_rate(set.loop, values, mine));
    theirs.push_back(db_bench_rate(peer));
    if (i % 2 == 1) ours.push_back(our_rate(set.loop, values, mine));
    ratios.push_back(ours.back() / theirs.back());
    std::filesystem::remove_all(mine.path);
    std::filesystem::remove_all(peer.path);
    std::fprintf(stderr, "%s round %d: ours %.0f/s, db_bench %.0f/s, ratio %.2f\n",
                 set.note.c_str(), i + 1, ours.back(), theirs.back(), ratios.back());
  }
  const auto& s = set.suffix;
  const auto median_of = fmt::format("median of {} rounds of {:.0f} s", rounds, seconds);
  report.add("durable_writes_per_s" + s, quantile(ours, 0.5), set.note + "; " + median_of);
  report.add("db_bench_writes_per_s" + s, quantile(theirs, 0.5),
             fmt::format("fillrandom --sync=1 --threads={}; {}", set.width, median_of));
  report.add("ratio" + s, quantile(ours, 0.5) / quantile(theirs, 0.5), "of the medians; bar 0.7");
  report.add("ratio_of_pairs" + s, quantile(ratios, 0.5), "median over adjacent rounds");
  report.add("ratio_lowest_pair" + s, quantile(ratios, 0), "");
  report.add("ratio_highest_pair" + s, quantile(ratios, 1), "");
}

double load_average() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : -1;
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  CLI::App cli("Durable writes beside db_bench");
  bool quick = false;
  double seconds = 1;
  int rounds = 9;
  std::string json;
  cli.add_flag("--quick", quick, "Only 64 batches in flight, nine rounds of a second");
  cli.add_option("--seconds", seconds, "Length of each round")->check(CLI::Range(1.0, 600.0));
  cli.add_option("--rounds", rounds, "Rounds of each side")->check(CLI::Range(1, 1'000));
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  std::vector<Set> sets{{64, in_flight_rate, "", "64 batches in flight"}};
  if (quick) {
    seconds = 1;
    rounds = 9;
  } else {
    sets.push_back({64, threaded_rate, "_threads", "64 threads that wait"});
    for (const int width : {1, 16, 256})
      sets.push_back(
          {width, in_flight_rate, fmt::format("_{}", width), fmt::format("{} in flight", width)});
  }
  try {
    BenchReport report("storage");
    const Values values;
    const double load = load_average();
    for (const auto& set : sets) measure(set, rounds, seconds, values, report);
    report.add("load_average_before", load, "the machine's, 1 min; the bench adds its own");
    return report.finish(json);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench storage: %s\n", e.what());
    return 1;
  }
}

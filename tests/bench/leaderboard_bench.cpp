// Leaderboards: updates, ranks and lists of one board in memory, its start, and Redis's sorted sets
// with the same entries and operations in the same run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "actors/leaderboard/board.hpp"
#include "actors/leaderboard/leaderboard_store.hpp"
#include "actors/ratings/settlement.hpp"
#include "base/metrics.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/redis_peer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
using leaderboard::Board;
using leaderboard::Entry;

struct Options {
  std::uint64_t entries = 5'000'000, operations = 1'000'000;
  std::uint64_t redis_entries = 5'000'000, redis_operations = 200'000;
  std::uint64_t stored_entries = 5'000'000;
  bool redis = true;
  std::string json;
};

constexpr std::int64_t kScores = 100'000'000;
constexpr std::size_t kPipeline = 100;

double since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}
std::string player(std::uint64_t i) {
  return fmt::format("player-{:07}", i);
}

/// Microseconds of each operation.
class Latencies {
 public:
  template <class F>
  void time(F operation) {
    const auto began = Clock::now();
    operation();
    micros_.push_back(std::chrono::duration<float, std::micro>(Clock::now() - began).count());
  }
  /// `name`_{per_s,p50,p99,p999,max}_us.
  void report(BenchReport& report, const std::string& name, double seconds) {
    std::ranges::sort(micros_);
    const auto at = [&](double q) {
      return static_cast<double>(
          micros_[static_cast<std::size_t>(q * static_cast<double>(micros_.size() - 1))]);
    };
    report.add(name + "_per_s", static_cast<double>(micros_.size()) / seconds, "1/s");
    report.add(name + "_p50_us", at(0.5), "us");
    report.add(name + "_p99_us", at(0.99), "us, bar 1000");
    report.add(name + "_p999_us", at(0.999), "us");
    report.add(name + "_max_us", at(1), "us");
  }

 private:
  std::vector<float> micros_;
};

/// Times `count` calls of `operation`, reports them, and returns how many a second.
template <class F>
double run(BenchReport& report, const std::string& name, std::uint64_t count, F operation) {
  Latencies latencies;
  const auto began = Clock::now();
  for (std::uint64_t i = 0; i < count; ++i) latencies.time([&] { operation(i); });
  const auto seconds = since(began);
  latencies.report(report, name, seconds);
  return static_cast<double>(count) / seconds;
}

struct Rates {
  double update = 0, rank = 0;
};

class Workload {
 public:
  explicit Workload(const Options& options) : options_(options) {
    names_.reserve(options.entries);
    scores_.reserve(options.entries);
    for (std::uint64_t i = 0; i < options.entries; ++i) {
      names_.push_back(player(i));
      scores_.push_back(score());
    }
  }
  std::int64_t score() {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(kScores));
  }
  const std::string& any_of(std::uint64_t count) { return names_[random_() % count]; }
  const std::string& any() { return names_[random_() % names_.size()]; }
  [[nodiscard]] const std::string& name(std::uint64_t i) const { return names_[i]; }
  [[nodiscard]] std::int64_t first_score(std::uint64_t i) const { return scores_[i]; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  const Options& options_;
  std::mt19937_64 random_{42};
  std::vector<std::string> names_;
  std::vector<std::int64_t> scores_;
};

Board filled(const Workload& work, std::uint64_t count, BenchReport& report) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < count; ++i)
    entries.push_back({work.name(i), work.first_score(i), i + 1});
  Board board(leaderboard::Order::high_first);
  const auto began = Clock::now();
  board.load(std::move(entries));
  report.add(fmt::format("load_{}_s", count), since(began), "s, all entries in the order of names");
  return board;
}

Rates bench_board(Workload& work, BenchReport& report) {
  const auto& options = work.options();
  auto board = filled(work, options.entries, report);
  report.add("bytes_per_entry",
             static_cast<double>(board.bytes()) / static_cast<double>(board.size()),
             "names included");
  Rates rates;
  std::uint64_t sequence = board.sequence();
  rates.update = run(report, "update", options.operations,
                     [&](auto) { board.set(work.any(), work.score(), ++sequence); });
  std::uint64_t sum = 0;
  rates.rank = run(report, "rank", options.operations,
                   [&](auto) { sum += board.standing(work.any())->rank; });
  run(report, "around", options.operations / 10,
      [&](auto) { sum += board.around(work.any(), 10).size(); });
  run(report, "top100", options.operations / 10, [&](auto) { sum += board.list(0, 100).size(); });
  run(report, "insert", options.operations / 2,
      [&](std::uint64_t i) { board.set(player(options.entries + i), work.score(), ++sequence); });
  report.add("bytes_per_entry_after",
             static_cast<double>(board.bytes()) / static_cast<double>(board.size()),
             "after the updates and insertions");
  if (!board.valid() || sum == 0) std::fprintf(stderr, "the board is not in order\n");
  return rates;
}

/// `count` commands in pipelines of kPipeline; how many a second.
template <class F>
double pipelined(RedisPeer& redis, std::uint64_t count, F queue_one) {
  const auto began = Clock::now();
  for (std::uint64_t done = 0; done < count; done += kPipeline) {
    for (std::size_t k = 0; k < kPipeline; ++k) queue_one(done + k);
    if (!redis.flush(kPipeline).ok()) return 0;
  }
  return static_cast<double>(count) / since(began);
}

/// Updates and ranks of a board as large as Redis's.
Rates bench_equal(Workload& work, BenchReport& report) {
  const auto& options = work.options();
  auto board = filled(work, options.redis_entries, report);
  std::uint64_t sequence = board.sequence(), sum = 0;
  Rates rates;
  rates.update = run(report, "equal_update", options.operations, [&](auto) {
    board.set(work.any_of(options.redis_entries), work.score(), ++sequence);
  });
  rates.rank = run(report, "equal_rank", options.operations,
                   [&](auto) { sum += board.standing(work.any_of(options.redis_entries))->rank; });
  report.add("equal_mean_rank", static_cast<double>(sum) / static_cast<double>(options.operations));
  return rates;
}

/// Microseconds that `command` took within Redis, parsing and socket not counted.
double redis_inside_us(RedisPeer& redis, const std::string& command) {
  const auto line = redis.info("commandstats", "cmdstat_" + command);
  if (!line.ok()) return 0;
  const auto at = line->find("usec_per_call=");
  return at == std::string::npos ? 0 : std::stod(line->substr(at + 14));
}

Result<void> bench_redis(Workload& work, BenchReport& report, const Rates& ours) {
  auto started = RedisPeer::start();
  if (!started.ok()) return started.error();
  auto& redis = **started;
  const auto& options = work.options();
  const auto began = Clock::now();
  constexpr std::uint64_t kFill = 1'000;
  for (std::uint64_t i = 0; i < options.redis_entries;) {
    const auto end = std::min(options.redis_entries, i + kFill);
    const auto count = end - i;
    for (; i < end; ++i)
      redis.queue({"ZADD", "board", std::to_string(work.first_score(i)), work.name(i)});
    if (auto done = redis.flush(count); !done.ok()) return done.error();
  }
  report.add("redis_fill_s", since(began), "s, pipelines of 1000 ZADD");
  const auto memory = redis.info("memory", "used_memory");
  if (memory.ok())
    report.add("redis_bytes_per_entry",
               std::stod(*memory) / static_cast<double>(options.redis_entries), "used_memory");
  if (auto reset = redis.call({"CONFIG", "RESETSTAT"}); !reset.ok()) return reset.error();
  const auto count = options.redis_operations;
  const auto any = [&]() -> const std::string& { return work.any_of(options.redis_entries); };
  bool failed = false;
  const auto call = [&](const std::vector<std::string_view>& command) {
    failed = failed || !redis.call(command).ok();
  };
  run(report, "redis_zadd", count, [&](auto) {
    call({"ZADD", "board", std::to_string(work.score()), any()});
  });
  run(report, "redis_zrevrank", count, [&](auto) { call({"ZREVRANK", "board", any()}); });
  const auto ping = run(report, "redis_ping", count / 4, [&](auto) { call({"PING"}); });
  const auto zadd = pipelined(redis, count, [&](auto) {
    redis.queue({"ZADD", "board", std::to_string(work.score()), any()});
  });
  const auto rank = pipelined(redis, count, [&](auto) {
    redis.queue({"ZREVRANK", "board", any()});
  });
  if (failed || zadd <= 0 || rank <= 0) return error(ErrorCode::io, "redis failed under way");
  report.add("redis_zadd_pipelined_per_s", zadd, "1/s, 100 at once");
  report.add("redis_zrevrank_pipelined_per_s", rank, "1/s, 100 at once");
  report.add("update_over_redis_pipelined", ours.update / zadd,
             "ours in process, theirs over a socket");
  report.add("rank_over_redis_pipelined", ours.rank / rank,
             "ours in process, theirs over a socket");
  report.add("redis_ping_mean_us", 1e6 / ping, "us of a round trip without work");
  const auto zadd_us = redis_inside_us(redis, "zadd"), rank_us = redis_inside_us(redis, "zrevrank");
  report.add("redis_zadd_inside_us", zadd_us, "us in the command alone (INFO commandstats)");
  report.add("redis_zrevrank_inside_us", rank_us, "us in the command alone");
  report.add("update_over_redis_inside", zadd_us * ours.update / 1e6, "both without a socket");
  report.add("rank_over_redis_inside", rank_us * ours.rank / 1e6, "both without a socket");
  return {};
}

/// What a first request after a start waits for: all entries from disk into a board.
void bench_stored(const Workload& work, BenchReport& report) {
  const auto count = work.options().stored_entries;
  test::TempDir directory;
  Metrics metrics;
  const auto path = directory / "db";
  auto store = std::move(*storage::Store::open({.path = path}));
  auto began = Clock::now();
  {
    storage::Writer writer(*store, metrics);
    constexpr std::uint64_t kPerBatch = 2'000;
    for (std::uint64_t i = 0; i < count;) {
      storage::Batch batch;
      const auto end = std::min(count, i + kPerBatch);
      for (; i < end; ++i)
        leaderboard::put_entry(batch, "bench", 0, {work.name(i), work.first_score(i), i + 1});
      if (!writer.submit(std::move(batch), {}).ok()) std::fprintf(stderr, "a batch was refused\n");
      writer.flush();
    }
  }
  report.add("store_write_s", since(began), "s, batches of 2000, each synced");
  store.reset();
  store = std::move(*storage::Store::open({.path = path}));  // nothing cached in the process
  began = Clock::now();
  std::vector<Entry> entries;
  for (bool more = true; more;) {
    auto page = leaderboard::read_entries(*store, "bench", 0,
                                          entries.empty() ? "" : entries.back().player, 200'000);
    if (!page.ok()) {
      std::fprintf(stderr, "%s\n", page.error().detail.c_str());
      return;
    }
    std::ranges::move(page->entries, std::back_inserter(entries));
    more = page->more;
  }
  report.add("start_read_s", since(began), "s");
  Board board(leaderboard::Order::high_first);
  board.load(std::move(entries));
  report.add("start_entries", static_cast<double>(board.size()));
  report.add("start_s", since(began), "s from disk to the first answer");
}

/// Results of four on the journal into ratings, as the settlement does it: read, rate, write,
/// synced, step after step.
void bench_settlement(BenchReport& report) {
  constexpr int kMatches = 20'000, kPlayers = 10'000;
  test::TempDir directory;
  Metrics metrics;
  const auto store = std::move(*storage::Store::open({.path = directory / "db"}));
  storage::Writer writer(*store, metrics);
  std::mt19937 random(42);
  storage::Batch events;
  for (int i = 0; i < kMatches; ++i) {
    std::string rows;
    const auto first = random() % kPlayers;
    for (int place = 1; place <= 4; ++place)
      rows += fmt::format(R"({}{{"player":"{}","place":{},"score":{}}})", place == 1 ? "" : ",",
                          player((first + static_cast<unsigned>(place) * 37) % kPlayers), place,
                          10 - place);
    events.append({fmt::format("match/{}", i), std::string(ratings::kMatchEnded),
                   fmt::format(R"({{"id":"{}","ended_ms":1,"result":[{}]}})", i, rows)});
  }
  if (!writer.submit(std::move(events), {}).ok()) return;
  writer.flush();
  const auto began = Clock::now();
  std::uint64_t from = 0, settled = 0;
  for (;;) {
    auto step = ratings::read_settlement(*store, from, {}, 1);
    if (!step.ok() || step->next == step->from) break;
    settled += step->settled.size();
    from = step->next;
    auto batch = ratings::settlement_batch(*step, ratings::System::weng_lin, 1);
    if (!writer.submit(std::move(batch), {}).ok()) break;
    writer.flush();
  }
  report.add("settled_matches", static_cast<double>(settled), "of four players");
  report.add("settled_matches_per_s", static_cast<double>(settled) / since(began),
             "1/s, durable: ratings, events, cursor");
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  bool quick = false, no_redis = false;
  CLI::App app("Leaderboards in memory, beside Redis.");
  app.add_flag("--quick", quick, "Fewer operations: ends within 40 s");
  app.add_flag("--no-redis", no_redis, "Only our own half");
  app.add_option("--entries", options.entries, "Entries of the board");
  app.add_option("--operations", options.operations, "Operations of each kind");
  app.add_option("--json", options.json, "Where to write the figures");
  CLI11_PARSE(app, argc, argv);
  if (quick) {
    options.operations = std::min<std::uint64_t>(options.operations, 400'000);
    options.redis_entries = 1'000'000;  // whose filling alone takes 40 s with 5 million
    options.redis_operations = 60'000;
    options.stored_entries = 1'000'000;
  }
  BenchReport report("leaderboard");
  options.redis_entries = std::min(options.redis_entries, options.entries);
  options.stored_entries = std::min(options.stored_entries, options.entries);
  report.add("entries", static_cast<double>(options.entries));
  report.add("equal_entries", static_cast<double>(options.redis_entries),
             "of the comparison with Redis");
  Workload work(options);
  auto ours = bench_board(work, report);
  if (options.redis_entries != options.entries) ours = bench_equal(work, report);
  bench_stored(work, report);
  bench_settlement(report);
  bool measured = false;
  if (!no_redis) {
    const auto done = bench_redis(work, report, ours);
    measured = done.ok();
    if (!measured)
      std::printf("NO REDIS IN THIS RUN: %s (apt-get install redis-server)\n",
                  done.error().detail.c_str());
  }
  report.add("redis_measured", measured ? 1 : 0, "0: --no-redis, or no redis-server");
  return report.finish(options.json);
}

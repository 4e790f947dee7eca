// Feeds: fan-out throughput, page latency under it, memory of active feeds. In one process, without
// HTTP.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <rocksdb/db.h>
#include <unistd.h>

#include "actors/feed/domain.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/scheduler.hpp"
#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kTimeout = std::chrono::seconds(30);

struct Options {
  std::uint64_t users = 1'000'000, active = 100'000, follows = 10, posts = 20'000;
  std::string json;
};

double since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}
std::string user_id(std::uint64_t i) {
  return fmt::format("u{:07}", i);
}
std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}
template <class T>
T need(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}
void pause() {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// The parts of the server that feeds need.
struct Rig {
  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<storage::Store> store = need(storage::Store::open({.path = dir / "data"}));
  storage::Writer writer{*store, metrics};
  storage::ReadPool reads{*store};
  actors::SchedulerConfig config;
  caf::actor_system system{config};
  actors::EntityRegistry entities{system, metrics};
  actors::Asker asker{system, entities};
  actors::Context context{system, *store, writer, reads, entities, metrics, unix_ms};
  feed::FeedDomain feed = need(feed::add_feed(context, {}));

  ~Rig() {
    caf::anon_send_exit(feed.fanout, caf::exit_reason::user_shutdown);
    feed.fanout = nullptr;
    entities.shutdown(kTimeout);
    writer.flush();
  }
};

void load(Rig& rig, const Options& options, std::mt19937_64& random) {
  constexpr std::uint64_t kPerBatch = 500;
  std::atomic<std::uint64_t> failed{0};
  for (std::uint64_t i = 0; i < options.users;) {
    storage::Batch batch;
    for (const auto end = std::min(options.users, i + kPerBatch); i < end; ++i) {
      feed::put_user(batch, {user_id(i), user_id(i), "User", unix_ms()});
      for (std::uint64_t f = 0; f < options.follows; ++f) {
        const auto other = random() % options.users;
        if (other != i) feed::put_follow(batch, user_id(i), user_id(other), unix_ms());
      }
    }
    need(rig.writer.submit(std::move(batch), [&](const auto& done) { failed += done.ok() ? 0 : 1; })
                 .ok()
             ? Result<bool>(true)
             : Result<bool>(error(ErrorCode::overloaded, "writer")));
    if (i % (kPerBatch * 20) == 0) rig.writer.flush();
  }
  rig.writer.flush();
  if (failed != 0) throw std::runtime_error("bulk load failed");
}

struct Tally {
  std::atomic<std::uint64_t> done{0}, failed{0};
};

/// Asks for `count` pages, `window` at once.
void activate(Rig& rig, std::uint64_t count, Tally& tally) {
  for (std::uint64_t i = 0; i < count; ++i) {
    while (i - tally.done > 2'000) pause();
    rig.asker.ask_as<feed::PagePtr>(
        feed::kFeedKind, user_id(i), kTimeout,
        [&](const auto& page) {
          if (!page.ok()) ++tally.failed;
          ++tally.done;
        },
        feed::page_atom::value, feed::PageQuery{});
  }
  while (tally.done < count) pause();
}

void post(Rig& rig, const Options& options, std::mt19937_64& random, Tally& tally) {
  for (std::uint64_t i = 0; i < options.posts; ++i) {
    while (i - tally.done > 500) pause();
    rig.asker.ask_as<feed::PostPtr>(
        feed::kFeedKind, user_id(random() % options.active), kTimeout,
        [&](const auto& made) {
          if (!made.ok()) ++tally.failed;
          ++tally.done;
        },
        feed::post_atom::value, feed::NewPost{"a post of the bench", {}});
  }
  while (tally.done < options.posts) pause();
  const auto end = need(storage::journal_end(*rig.store));
  while (need(storage::cursor(*rig.store, feed::kFanoutConsumer)) < end) pause();
}

/// One page each 2 ms of a random active feed until `stop`; latencies in ms from when each was due.
std::vector<double> read_steadily(Rig& rig, const Options& options, const std::atomic<bool>& stop,
                                  Tally& tally) {
  std::mt19937_64 random(2);
  std::mutex mutex;
  std::vector<double> took;
  std::uint64_t asked = 0;
  for (auto due = Clock::now(); !stop; due += std::chrono::milliseconds(2), ++asked) {
    std::this_thread::sleep_until(due);
    rig.asker.ask_as<feed::PagePtr>(
        feed::kFeedKind, user_id(random() % options.active), kTimeout,
        [&, due](const auto& page) {
          if (!page.ok()) ++tally.failed;
          const std::lock_guard lock(mutex);
          took.push_back(since(due) * 1'000);
          ++tally.done;
        },
        feed::page_atom::value, feed::PageQuery{});
  }
  while (tally.done < asked) pause();
  const std::lock_guard lock(mutex);
  std::sort(took.begin(), took.end());
  return took;
}

/// Bytes that the process has on its heap, without RocksDB's block cache, which fills up whatever
/// the entities do.
double heap_bytes(const storage::Store& store) {
  std::uint64_t cached = 0;
  store.db().GetIntProperty(store.handle(storage::Family::feed), "rocksdb.block-cache-usage",
                            &cached);
  return static_cast<double>(::mallinfo2().uordblks) - static_cast<double>(cached);
}

int run(const Options& options) {
  Rig rig;
  std::mt19937_64 random(1);
  const auto began = Clock::now();
  load(rig, options, random);
  const double load_s = since(began);
  const double heap_before = heap_bytes(*rig.store);
  Tally activated, posted, read;
  activate(rig, options.active, activated);
  const double heap_after = heap_bytes(*rig.store);

  auto& inserts = rig.metrics.counter("troupe_feed_timeline_inserts_total",
                                      "Entries put on followers' timelines");
  std::atomic<bool> stop{false};
  std::vector<double> took;
  std::thread reader([&] { took = read_steadily(rig, options, stop, read); });
  const auto posting = Clock::now();
  post(rig, options, random, posted);
  const double post_s = since(posting);
  stop = true;
  reader.join();

  BenchReport report("feed");
  report.add("inserts_per_s", inserts.Value() / post_s,
             "until the fan-out has reached the journal's end");
  report.add("posts_per_s", static_cast<double>(options.posts) / post_s);
  report.add("read_p99_ms", took.empty() ? 0 : took[took.size() * 99 / 100],
             "500 pages/s during the fan-out");
  report.add("users_stored", static_cast<double>(options.users));
  report.add("load_s", load_s);
  report.add("active", static_cast<double>(options.active - activated.failed));
  report.add("rss_mib", process_rss_bytes(::getpid()) / (1 << 20), "bar 4096");
  report.add("bytes_per_idle_entity",
             (heap_after - heap_before) / static_cast<double>(options.active) -
                 static_cast<double>(options.follows * 8),
             "heap beside its data, registry included; bar 2048");
  report.add("failures", static_cast<double>(activated.failed + posted.failed + read.failed),
             "bar 0");
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  troupe::bench::Options options;
  CLI::App cli("Feed fan-out, reads and memory in one process");
  bool quick = false;
  auto* users = cli.add_option("--users", options.users)
                    ->check(CLI::Range(2, 9'999'999))
                    ->capture_default_str();
  auto* active = cli.add_option("--active", options.active)
                     ->check(CLI::Range(1, 1'000'000))
                     ->capture_default_str();
  cli.add_option("--follows", options.follows, "Per user")
      ->check(CLI::Range(0, 1'000))
      ->capture_default_str();
  cli.add_flag("--quick", quick, "Ends within 40 s");
  cli.add_option("--json", options.json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  if (quick) {
    if (users->empty()) options.users = 50'000;
    if (active->empty()) options.active = 10'000;
    options.posts = 5'000;
  }
  options.active = std::min(options.active, options.users);
  try {
    return troupe::bench::run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_feed: %s\n", e.what());
    return 1;
  }
}

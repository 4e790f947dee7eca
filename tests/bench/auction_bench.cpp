// Ad auctions: latency at a rate, and how many a core of the server carries.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "sim/ads_sim.hpp"
#include "tests/bench/auction_actors.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::bench {
namespace {

struct Options {
  double rate = 2'000;
  int campaigns = 1'000;
  int seconds = 20;
  double bill_share = 0.1;
  double no_bid_share = 0;
  bool spawn = false;
  std::string json;
};

struct Measured {
  sim::Section section;
  double cpu_s = 0;
  double timeouts = 0;

  [[nodiscard]] double row(const std::string& name) const {
    const auto it = std::find_if(section.rows.begin(), section.rows.end(),
                                 [&](const auto& r) { return r.name == name; });
    return it == section.rows.end() ? 0 : it->value;
  }
};

Measured measure(const Options& options, double rate, int seconds) {
  test::ServerProcess server({"live.enabled=false"});
  sim::Progress progress(false);
  const std::atomic<bool> never{false};
  sim::AdsSimOptions load;
  load.campaigns = options.campaigns;
  load.rate = rate;
  load.duration = std::chrono::seconds(seconds);
  load.bill_share = options.bill_share;
  load.no_bid_share = options.no_bid_share;
  double cpu_before = 0, cpu_after = 0;
  load.load_begins = [&] { cpu_before = process_cpu_seconds(server.pid()); };
  load.load_ends = [&] { cpu_after = process_cpu_seconds(server.pid()); };
  auto section = sim::run_ads(server.endpoint(), load, progress, never);
  if (!section.ok()) throw std::runtime_error(section.error().detail);
  for (const auto& failure : section->failures) std::fprintf(stderr, "%s\n", failure.c_str());
  return {std::move(*section), cpu_after - cpu_before,
          server.metric("troupe_auction_timeouts_total")};
}

/// A long-lived actor for each share of the users beside an actor for each auction.
void compare_actors(const Options& options, BenchReport& report) {
  const int seconds = std::max(2, options.seconds / 5);
  const auto sharded = measure_sharded(options.campaigns, seconds);
  const auto spawned = measure_spawned(options.campaigns, seconds);
  report.add("sharded_per_s", sharded.per_s, "in one process, 64 in flight, no sockets");
  report.add("sharded_cpu_us", sharded.cpu_us, "for each auction");
  report.add("sharded_p50_ms", sharded.p50_ms);
  report.add("sharded_p99_ms", sharded.p99_ms);
  report.add("spawned_per_s", spawned.per_s, "an actor for each auction");
  report.add("spawned_cpu_us", spawned.cpu_us);
  report.add("spawned_p50_ms", spawned.p50_ms);
  report.add("spawned_p99_ms", spawned.p99_ms);
}

void add_index(BenchReport& report) {
  constexpr int kMany = 10'000;
  const auto rebuilt = measure_rebuild(kMany);
  report.add("index_rebuild_10k_ms", rebuilt.build_ms, "the index of 10,000 campaigns");
  report.add("change_visible_10k_ms", rebuilt.visible_ms,
             "from a change until auctions see it, the worst of 20");
}

int run(const Options& options) {
  const auto steady = measure(options, options.rate, options.seconds);
  const auto full = measure(options, 0, std::max(3, options.seconds / 3));
  const auto& latency = steady.section.latencies.at("auction");
  BenchReport report("auction");
  report.add("campaigns", options.campaigns);
  report.add("per_s", steady.row("auctions/s"),
             fmt::format("asked for {:.0f}, beside the generator", options.rate));
  report.add("per_s_per_core", steady.row("auctions") / std::max(steady.cpu_s, 0.001),
             "auctions (and their bills) per second of server CPU");
  report.add("p50_ms", latency.quantile(0.5), "from when it was due");
  report.add("p99_ms", latency.quantile(0.99), "bar 20");
  report.add("max_ms", latency.max());
  report.add("timeouts", steady.timeouts, "bar 0");
  report.add("no_bids", steady.row("no bids"),
             fmt::format("{:.0f} % asked for what nobody has", options.no_bid_share * 100));
  report.add("bids", steady.row("bids"));
  report.add("bills", steady.row("bills"),
             fmt::format("{:.0f} % of the bids, each synced", options.bill_share * 100));
  report.add("bill_p99_ms", steady.section.latencies.at("bill").quantile(0.99));
  report.add("failures",
             static_cast<double>(steady.section.failures.size() + full.section.failures.size()),
             "bar 0");
  report.add("saturated_per_s", full.row("auctions/s"),
             "64 connections, closed loop, beside the generator");
  report.add("saturated_per_s_per_core", full.row("auctions") / std::max(full.cpu_s, 0.001));
  report.add("saturated_timeouts", full.timeouts);
  add_index(report);
  if (options.spawn) compare_actors(options, report);
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  troupe::bench::Options options;
  CLI::App cli("OpenRTB auctions against a real server");
  bool quick = false;
  cli.add_flag("--quick", quick, "Ends within 40 s");
  cli.add_option("--json", options.json, "Write the metrics here");
  cli.add_option("--rate", options.rate, "Auctions per second")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  cli.add_option("--campaigns", options.campaigns)
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  cli.add_option("--seconds", options.seconds)->check(CLI::Range(1, 3'600))->capture_default_str();
  cli.add_option("--bill-share", options.bill_share, "Of the bids: billed")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  cli.add_option("--no-bid-share", options.no_bid_share, "Of the requests: nobody can bid")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  cli.add_flag("--spawn", options.spawn,
               "Also compare long-lived auction actors with one for each auction");
  CLI11_PARSE(cli, argc, argv);
  if (quick) options.seconds = std::min(options.seconds, 10);
  try {
    return troupe::bench::run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_auction: %s\n", e.what());
    return 1;
  }
}

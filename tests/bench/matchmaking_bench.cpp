// Matchmaking: what one core does while 100,000 tickets wait, and how good and how fast the matches
// are for those who come at 10,000 tickets a second.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>

#include "actors/matchmaking/pool.hpp"
#include "actors/ratings/gaussian.hpp"
#include "tests/bench/bench_report.hpp"

namespace troupe::bench {
namespace {

using matchmaking::Batch;
using matchmaking::Pool;
using matchmaking::Ticket;

struct Options {
  std::size_t waiting = 100'000, per_second = 10'000;
  int seconds = 20, every_ms = 250;
  std::string json;
};

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double quantile(std::vector<double>& values, double q) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// Players as they are spread in the world: skills by a normal distribution, homes in four regions,
/// seven in ten alone.
class Players {
 public:
  Ticket next(std::uint64_t now_ms, int team_size) {
    Ticket out;
    out.id = ++last_;
    out.since_ms = now_ms;
    out.rating = rating_(random_);
    out.deviation = 80 + static_cast<double>(random_() % 300);
    if (team_size > 1 && random_() % 10 >= 7)
      out.size = 2 + static_cast<int>(random_() % static_cast<unsigned>(team_size - 1));
    const auto home = random_() % 4;
    for (std::size_t r = 0; r < 4; ++r) {
      const auto away = r > home ? r - home : home - r;
      out.ping_ms[r] = static_cast<std::uint16_t>(15 + random_() % 30 + away * 60);
    }
    return out;
  }

 private:
  std::mt19937_64 random_{42};
  std::normal_distribution<double> rating_{2'500, 600};
  std::uint64_t last_ = 0;
};

/// What comes out, with the tickets that it is about.
struct Outcome {
  std::unordered_map<std::uint64_t, Ticket> tickets;
  std::vector<double> wait_s, spread, imbalance, unfair, run_ms;
  std::size_t matched = 0, matches = 0, expired = 0;
  double cpu_s = 0;

  void add(Pool& pool, const Ticket& ticket) {
    tickets.emplace(ticket.id, ticket);
    const auto before = cpu_seconds();
    pool.add(ticket);
    cpu_s += cpu_seconds() - before;
  }

  void run(Pool& pool, std::uint64_t now_ms) {
    const auto before = cpu_seconds();
    const auto batch = pool.run(now_ms);
    const auto took = cpu_seconds() - before;
    cpu_s += took;
    run_ms.push_back(took * 1e3);
    take(batch, now_ms);
  }

  void take(const Batch& batch, std::uint64_t now_ms) {
    for (const auto& proposal : batch.proposals) {
      ++matches;
      spread.push_back(proposal.spread);
      imbalance.push_back(proposal.imbalance);
      std::vector<double> mu, variance;
      for (const auto& team : proposal.teams) {
        mu.push_back(0);
        variance.push_back(0);
        for (const auto id : team) {
          const auto found = tickets.find(id);
          const auto& one = found->second;
          mu.back() += one.rating / 100 * one.size;
          variance.back() += std::pow(one.deviation / 100, 2) * one.size;
          wait_s.push_back(static_cast<double>(now_ms - one.since_ms) / 1e3);
          ++matched;
          tickets.erase(found);
        }
      }
      if (mu.size() == 2) {
        const auto p = ratings::win_probability(mu[0], variance[0], mu[1], variance[1],
                                                static_cast<std::size_t>(proposal.players));
        unfair.push_back(std::abs(p - 0.5));
      }
    }
    for (const auto id : batch.expired) {
      ++expired;
      tickets.erase(id);
    }
  }

  void report(BenchReport& report, const std::string& name) {
    report.add(name + "_matches", static_cast<double>(matches));
    report.add(name + "_expired", static_cast<double>(expired), "tickets");
    report.add(name + "_wait_p50_s", quantile(wait_s, 0.5), "s");
    report.add(name + "_wait_p99_s", quantile(wait_s, 0.99), "s");
    report.add(name + "_wait_max_s", quantile(wait_s, 1), "s, bound 60");
    report.add(name + "_spread_p50", quantile(spread, 0.5), "points, greatest less least rating");
    report.add(name + "_spread_p99", quantile(spread, 0.99), "points");
    report.add(name + "_imbalance_p50", quantile(imbalance, 0.5),
               "points between the teams' means");
    report.add(name + "_imbalance_p99", quantile(imbalance, 0.99), "points");
    report.add(name + "_odds_off_p50", quantile(unfair, 0.5), "chance of winning less 0.5");
    report.add(name + "_odds_off_p99", quantile(unfair, 0.99));
    report.add(name + "_run_p99_ms", quantile(run_ms, 0.99), "ms of CPU for one batch");
  }
};

/// The queue is filled up again after each batch, but those who just came are held back until
/// enough wait: so many wait whatever the matcher does, and it finds few partners for the rest.
void bench_full(const Options& options, const std::string& mode, BenchReport& report) {
  Pool pool(matchmaking::parse_modes(mode)->front(), {}, 4);
  const auto name = pool.mode().name + "_full";
  Players players;
  Outcome outcome;
  std::uint64_t now = 1'000'000;
  const auto top_up = [&] {
    while (pool.size() < options.waiting)
      outcome.add(pool, players.next(now, pool.mode().team_size));
  };
  double waiting = 0;
  const int runs = 12;
  for (int i = 0; i < runs; ++i) {
    top_up();
    waiting += static_cast<double>(pool.size()) / runs;
    outcome.run(pool, now);
    now += static_cast<std::uint64_t>(options.every_ms);
  }
  report.add(name + "_waiting", waiting, "tickets before each batch");
  report.add(name + "_tickets_per_s", static_cast<double>(outcome.matched) / outcome.cpu_s,
             "1/s of CPU, bar 10000");
  report.add(name + "_run_p99_ms", quantile(outcome.run_ms, 0.99), "ms of CPU for one batch");
}

/// 100,000 who find nobody, for their ratings are far apart, while others come at the given rate:
/// what the waiting cost those who can be matched.
void bench_stuck(const Options& options, BenchReport& report) {
  matchmaking::Widening widening;
  widening.max_wait_ms = 600'000;
  widening.range_per_second = 0;
  widening.range_per_deviation = 0;
  Pool pool(matchmaking::parse_modes("duel:2x1")->front(), widening, 4);
  Players players;
  Outcome outcome;
  std::uint64_t now = 1'000'000;
  for (std::size_t i = 0; i < options.waiting; ++i) {
    auto one = players.next(now, 1);
    one.rating = 100'000 + 150 * static_cast<double>(i);
    outcome.add(pool, one);
  }
  outcome.cpu_s = 0;
  const auto per_batch = options.per_second * static_cast<std::size_t>(options.every_ms) / 1000;
  const int batches = options.seconds * 1000 / options.every_ms;
  for (int i = 0; i < batches; ++i) {
    for (std::size_t k = 0; k < per_batch; ++k) outcome.add(pool, players.next(now, 1));
    now += static_cast<std::uint64_t>(options.every_ms);
    outcome.run(pool, now);
  }
  report.add("stuck_waiting", static_cast<double>(pool.size()), "tickets at the end");
  report.add("stuck_cpu_share", outcome.cpu_s / options.seconds,
             "of one core at 10000 tickets/s, bar 1");
  outcome.report(report, "stuck");
}

/// The given rate for a while, from empty: how long people wait and how good their matches are.
void bench_open(const Options& options, const std::string& mode, std::size_t per_second,
                const std::string& suffix, BenchReport& report) {
  Pool pool(matchmaking::parse_modes(mode)->front(), {}, 4);
  const auto name = pool.mode().name + suffix;
  Players players;
  Outcome outcome;
  std::uint64_t now = 1'000'000;
  std::size_t peak = 0;
  double owed = 0;
  const int batches = options.seconds * 4 * 1000 / options.every_ms;
  for (int i = 0; i < batches; ++i) {
    owed += static_cast<double>(per_second) * options.every_ms / 1000;
    for (; owed >= 1; owed -= 1) outcome.add(pool, players.next(now, pool.mode().team_size));
    peak = std::max(peak, pool.size());
    now += static_cast<std::uint64_t>(options.every_ms);
    outcome.run(pool, now);
  }
  report.add(name + "_rate", static_cast<double>(per_second), "tickets/s");
  report.add(name + "_waiting_peak", static_cast<double>(peak), "tickets");
  report.add(name + "_cpu_share", outcome.cpu_s / (options.seconds * 4), "of one core");
  outcome.report(report, name);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  bool quick = false;
  CLI::App app("Matchmaking on one core.");
  app.add_flag("--quick", quick, "Fewer simulated seconds: ends within 40 s");
  app.add_option("--waiting", options.waiting, "Tickets that wait");
  app.add_option("--per-second", options.per_second, "Tickets that come each second");
  app.add_option("--seconds", options.seconds, "Simulated seconds of each part");
  app.add_option("--json", options.json, "Where to write the figures");
  CLI11_PARSE(app, argc, argv);
  if (quick) options.seconds = std::min(options.seconds, 5);
  BenchReport report("matchmaking");
  bench_full(options, "duel:2x1", report);
  bench_full(options, "squads:2x4", report);
  bench_full(options, "trios:10x3", report);
  bench_stuck(options, report);
  bench_open(options, "duel:2x1", options.per_second, "", report);
  bench_open(options, "squads:2x4", options.per_second, "", report);
  bench_open(options, "squads:2x4", 20, "_few", report);
  return report.finish(options.json);
}

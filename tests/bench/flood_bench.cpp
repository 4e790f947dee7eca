// A flood from one address beside players from another: do their ticks and snapshots notice?
#include <algorithm>
#include <atomic>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/client/arena.hpp"
#include "sim/flood.hpp"
#include "sim/histogram.hpp"
#include "sim/http_client.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/scrape.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Player {
  std::unique_ptr<client::GameClient> game;
  std::uint64_t snapshots = 0;
  Clock::time_point last{};
};

/// Players on one socket, who send a command a tick, and how long each waited for its snapshots.
class Players {
 public:
  Players(const test::ServerProcess& server, int count, int per_match)
      : host_(std::move(client::ClientHost::create(static_cast<std::size_t>(count))).value()) {
    std::string match;
    for (int i = 0; i < count; ++i) {
      if (i % per_match == 0) {
        const auto made =
            server.client("host").post("/api/v1/matches", {{"max_players", per_match}});
        match = std::string(made->json().at("id").as_string());
      }
      const auto joined = server.client("p" + std::to_string(i))
                              .request("POST", "/api/v1/matches/" + match + "/join")
                              ->json();
      Player player;
      player.game = std::move(host_->connect(std::string(joined.at("host").as_string()),
                                             joined.at("port").to_number<std::uint16_t>(),
                                             std::string(joined.at("token").as_string())))
                        .value();
      players_.push_back(std::move(player));
      host_->service(0);
    }
  }

  [[nodiscard]] std::size_t playing() const {
    return static_cast<std::size_t>(std::ranges::count_if(players_, [](const Player& player) {
      return player.game->state() == client::State::playing && player.game->latest() != nullptr;
    }));
  }

  /// Time between two snapshots of a player, all of them.
  sim::Histogram play(double seconds) {
    sim::Histogram gaps;
    const auto until = Clock::now() + std::chrono::duration<double>(seconds);
    for (auto& player : players_) player.last = {};
    auto next = Clock::now();
    unsigned turn = 0;
    while (Clock::now() < until) {
      host_->service(1);
      const auto now = Clock::now();
      for (auto& player : players_) {
        const auto snapshots = player.game->statistics().snapshots;
        if (snapshots == player.snapshots) continue;
        player.snapshots = snapshots;
        if (player.last != Clock::time_point{})
          gaps.record(std::chrono::duration<double, std::milli>(now - player.last).count());
        player.last = now;
      }
      if (now < next) continue;
      next += std::chrono::milliseconds(33);
      ++turn;
      for (std::size_t i = 0; i < players_.size(); ++i)
        client::arena::send(*players_[i].game, {static_cast<std::int8_t>(turn / 60 % 3 - 1),
                                                static_cast<std::int8_t>(i % 2 == 0 ? 1 : -1),
                                                static_cast<std::uint8_t>(turn), turn % 20 == 0});
    }
    return gaps;
  }

 private:
  std::unique_ptr<client::ClientHost> host_;
  std::vector<Player> players_;
};

/// A UDP port of this process that nobody reads: what a flood costs the machine, but not the
/// server.
class Sink {
 public:
  Sink() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      std::perror("sink");
    port_ = ntohs(address.sin_port);
  }
  ~Sink() { ::close(fd_); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

struct Phase {
  std::string name;
  std::uint16_t port = 0;  ///< 0: no flood
  sim::FloodKind kind = sim::FloodKind::mixed;
};

struct Measured {
  double late_p50 = 0, late_p99 = 0, gap_p50 = 0, gap_p99 = 0;
  double sent = 0, dropped = 0, cpu = 0;
};

double dropped(const Series& in) {
  double sum = 0;
  for (const auto& [name, value] : in) {
    if (name.starts_with("troupe_udp_dropped_datagrams_total")) sum += value;
  }
  return sum;
}

Measured measure(const test::ServerProcess& server, Players& players, const Phase& phase,
                 double rate, double seconds) {
  std::unique_ptr<sim::Flood> flood;
  if (phase.port != 0) {
    auto started = sim::Flood::start({.port = phase.port, .kind = phase.kind, .per_second = rate});
    if (!started.ok()) throw std::runtime_error(started.error().detail);
    flood = std::move(*started);
    players.play(0.3);
  }
  const auto before = scrape(server.endpoint());
  const double sent = flood ? static_cast<double>(flood->sent()) : 0;
  const double cpu = process_cpu_seconds(server.pid());
  const auto gaps = players.play(seconds);
  const auto after = scrape(server.endpoint());
  constexpr const char* kLate = "troupe_match_tick_late_seconds";
  return {quantile_ms(before, after, kLate, 0.5),
          quantile_ms(before, after, kLate, 0.99),
          gaps.quantile(0.5),
          gaps.quantile(0.99),
          (flood ? static_cast<double>(flood->sent()) - sent : 0) / seconds,
          (dropped(after) - dropped(before)) / seconds,
          (process_cpu_seconds(server.pid()) - cpu) / seconds};
}

void print_drops(const Series& series) {
  for (const auto& [name, value] : series) {
    if (value > 0 && (name.starts_with("troupe_udp_dropped_datagrams_total") ||
                      name.starts_with("troupe_udp_bad_packets_total") ||
                      name.starts_with("troupe_udp_half_open")))
      std::printf("  %-80s %12.0f\n", name.c_str(), value);
  }
}

struct Options {
  int bots = 100, per_match = 10, rounds = 5;
  double seconds = 2, rate = 20'000;
  std::string json;
};

double median(const std::vector<Measured>& rounds, double Measured::*field) {
  std::vector<double> values;
  for (const auto& one : rounds) values.push_back(one.*field);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int run(const Options& options) {
  test::ServerProcess server({"http.access_log=false", "log.level=warn"});
  Players players(server, options.bots, options.per_match);
  players.play(2);
  const Sink sink;
  const auto port = server.endpoint().game_port;
  using sim::FloodKind;
  const std::vector<Phase> phases{{"calm", 0},
                                  {"elsewhere", sink.port(), FloodKind::mixed},
                                  {"garbage", port, FloodKind::garbage},
                                  {"connects", port, FloodKind::connects},
                                  {"sessions", port, FloodKind::sessions},
                                  {"mixed", port, FloodKind::mixed}};
  // In turn, so that a bad moment of the machine is not one phase's.
  std::map<std::string, std::vector<Measured>> results;
  for (int round = 0; round < options.rounds; ++round) {
    for (const auto& phase : phases)
      results[phase.name].push_back(measure(server, players, phase, options.rate, options.seconds));
  }
  std::printf(
      "%d players of %d a match; %d rounds of %.1f s each; medians; \"elsewhere\": the "
      "same flood at a port that nobody reads\n",
      options.bots, options.per_match, options.rounds, options.seconds);
  std::printf("  %-10s %11s %11s %10s %10s %10s %10s %6s\n", "", "late p50", "late p99", "gap p50",
              "gap p99", "sent/s", "dropped/s", "CPU");
  BenchReport report("flood");
  for (const auto& phase : phases) {
    const auto& found = results[phase.name];
    const auto of = [&](double Measured::*field) { return median(found, field); };
    std::printf("  %-10s %8.3f ms %8.3f ms %7.2f ms %7.2f ms %10.0f %10.0f %6.2f\n",
                phase.name.c_str(), of(&Measured::late_p50), of(&Measured::late_p99),
                of(&Measured::gap_p50), of(&Measured::gap_p99), of(&Measured::sent),
                of(&Measured::dropped), of(&Measured::cpu));
    report.add(phase.name + "_late_p99_ms", of(&Measured::late_p99));
    report.add(phase.name + "_gap_p99_ms", of(&Measured::gap_p99));
    report.add(phase.name + "_sent_per_s", of(&Measured::sent));
    report.add(phase.name + "_dropped_per_s", of(&Measured::dropped));
  }
  print_drops(scrape(server.endpoint()));
  const auto added = [&](double Measured::*field) {
    double worst = 0;
    for (const auto* name : {"garbage", "connects", "sessions", "mixed"})
      worst = std::max(worst, median(results[name], field));
    return worst - median(results["elsewhere"], field);
  };
  report.add("added_late_p50_ms", added(&Measured::late_p50), "by the worst flood; bar 1");
  report.add("added_late_p99_ms", added(&Measured::late_p99), "by the worst flood; bar 1");
  report.add("added_gap_p99_ms", added(&Measured::gap_p99), "by the worst flood");
  const bool all = players.playing() == static_cast<std::size_t>(options.bots);
  if (!all) std::printf("  FAILED: only %zu players are left\n", players.playing());
  return report.finish(options.json) + (all ? 0 : 1);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("Players while a flood from another address hits their game port");
  troupe::bench::Options options;
  bool quick = false;
  cli.add_option("--bots", options.bots, "Players")->check(CLI::Range(2, 1'000));
  cli.add_option("--per-match", options.per_match, "Of a match")->check(CLI::Range(2, 64));
  cli.add_option("--seconds", options.seconds, "Length of each phase")
      ->check(CLI::Range(0.5, 600.0));
  cli.add_option("--rounds", options.rounds, "Of all phases")->check(CLI::Range(1, 100));
  cli.add_option("--rate", options.rate, "Datagrams a second")->check(CLI::Range(1.0, 1e6));
  cli.add_flag("--quick", quick, "Three rounds of a second each");
  cli.add_option("--json", options.json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  if (quick) {
    options.rounds = 3;
    options.seconds = 1;
  }
  return troupe::bench::run(options);
}

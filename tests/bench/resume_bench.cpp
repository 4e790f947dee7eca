// The server is killed under many matches: who comes back, how long it took, and what was lost.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <future>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "net/client/arena.hpp"
#include "sim/histogram.hpp"
#include "sim/http_client.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Options {
  int matches = 50, players = 2, kills = 3, hosts = 1;
  std::string json;
};

struct Player {
  std::unique_ptr<client::ClientHost> host = std::move(client::ClientHost::create()).value();
  std::unique_ptr<client::GameClient> game;
};

/// A ticket from the server as it is now; none while it is down.
client::TicketSource tickets(const test::ServerProcess& server, std::string match, std::string name,
                             const std::atomic<bool>& up) {
  return [&server, match = std::move(match), name = std::move(name),
          &up]() -> std::optional<client::Ticket> {
    if (!up) return std::nullopt;
    const auto reply = server.client(name).request("POST", "/api/v1/matches/" + match + "/join");
    if (!reply.ok() || reply->status != 200) return std::nullopt;
    const auto body = reply->json();
    return client::Ticket{std::string(body.at("host").as_string()),
                          body.at("port").to_number<std::uint16_t>(),
                          std::string(body.at("token").as_string())};
  };
}

bool play_until(std::vector<Player>& players,
                const std::function<bool(const client::GameClient&)>& condition, double seconds) {
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  auto next = Clock::now();
  unsigned turn = 0;
  while (Clock::now() < until) {
    for (auto& player : players) player.host->service(0);
    std::this_thread::sleep_for(1ms);
    if (std::ranges::all_of(players, [&](const Player& one) { return condition(*one.game); }))
      return true;
    if (Clock::now() < next) continue;
    next += 33ms;
    ++turn;
    for (std::size_t i = 0; i < players.size(); ++i)
      client::arena::send(*players[i].game,
                          {static_cast<std::int8_t>(static_cast<int>(turn / 90 % 3) - 1),
                           static_cast<std::int8_t>(i % 2 == 0 ? 1 : -1),
                           static_cast<std::uint8_t>(turn), turn % 10 == 0});
  }
  return false;
}

struct Outcome {
  sim::Histogram pauses;
  std::uint64_t lost_ticks = 0, mismatches = 0;
  int resumed = 0, players = 0;
};

/// One server, one kill.
bool kill_once(const Options& options, Outcome& outcome) {
  // All that is saved between checkpoints is saved by the log.
  test::ServerProcess server({"http.access_log=false", "log.level=warn",
                              "match.checkpoint_ticks=300",
                              "match.hosts=" + std::to_string(options.hosts)});
  std::atomic<bool> up{true};
  std::vector<Player> players;
  for (int m = 0; m < options.matches; ++m) {
    const auto made = server.client("host").post("/api/v1/matches", {{"max_players", 8}});
    const auto match = std::string(made->json().at("id").as_string());
    for (int p = 0; p < options.players; ++p) {
      const auto source = tickets(server, match, "p" + std::to_string(p), up);
      const auto first = source();
      if (!first) return false;
      Player player;
      player.game =
          std::move(player.host->connect(first->host, first->port, first->token, source)).value();
      players.push_back(std::move(player));
      play_until(
          players, [](const auto&) { return true; }, 0.01);
    }
  }
  if (!play_until(
          players, [](const auto& game) { return game.statistics().snapshots > 60; }, 30))
    return false;
  up = false;
  server.kill();
  std::promise<void> finished;
  std::thread restart([&] {
    server.start();
    up = true;
    finished.get_future().wait();  // a child ends with the thread that began it
  });
  const auto back = [](const client::GameClient& game) {
    return game.statistics().reconnects > 0 && game.state() == client::State::playing &&
           game.statistics().snapshots > 120;
  };
  play_until(players, back, 30);
  for (const auto& player : players) {
    const auto statistics = player.game->statistics();
    outcome.pauses.record(statistics.longest_silence_ms);
    outcome.lost_ticks += statistics.lost_ticks;
    outcome.mismatches += statistics.mismatches;
    outcome.resumed += back(*player.game) ? 1 : 0;
    ++outcome.players;
  }
  finished.set_value();
  restart.join();
  return true;
}

int run(const Options& options) {
  Outcome outcome;
  for (int i = 0; i < options.kills; ++i) {
    if (!kill_once(options, outcome)) {
      std::fprintf(stderr, "bench resume: not all players got in\n");
      return 1;
    }
  }
  BenchReport report("resume");
  report.add("matches", options.matches, "in each of the kills");
  report.add("players", outcome.players, "in all");
  report.add("resumed", outcome.resumed, "players who were back in the game");
  report.add("lost_ticks", static_cast<double>(outcome.lost_ticks), "seen by a player; bar 0");
  report.add("mismatches", static_cast<double>(outcome.mismatches), "wrong checksums; bar 0");
  report.add("pause_p50_ms", outcome.pauses.quantile(0.5), "between two snapshots of a player");
  report.add("pause_p99_ms", outcome.pauses.quantile(0.99), "bar 2000");
  report.add("pause_max_ms", outcome.pauses.max());
  const bool fine =
      outcome.resumed == outcome.players && outcome.lost_ticks == 0 && outcome.mismatches == 0;
  return report.finish(options.json) + (fine ? 0 : 1);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("The server is killed under matches whose players come back by themselves");
  troupe::bench::Options options;
  bool quick = false;
  cli.add_option("--matches", options.matches, "Matches")->check(CLI::Range(1, 2'000));
  cli.add_option("--players", options.players, "Of each")->check(CLI::Range(1, 8));
  cli.add_option("--hosts", options.hosts, "Game hosts")->check(CLI::Range(1, 64));
  cli.add_option("--kills", options.kills, "Each of a server of its own")
      ->check(CLI::Range(1, 100));
  cli.add_flag("--quick", quick, "One kill");
  cli.add_option("--json", options.json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  if (quick) options.kills = 1;
  return troupe::bench::run(options);
}

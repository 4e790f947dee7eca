// Every registered game without a network: what a tick costs, and what its players are sent. Each
// snapshot is decoded again and compared.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "game/registry.hpp"
#include "game/replica.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/support/game_bots.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kAcknowledgedAfter = 3;  ///< ticks: 100 ms at 30 Hz
constexpr std::uint32_t kBotsSee = 4;            ///< every so many ticks they think again

/// One player's connection.
struct Client {
  explicit Client(const game::Game& game)
      : reader(game), lens(game.lens({.view_distance = 0, .budget_bytes = 1'100})) {}
  game::ReplicaSender sender;
  game::ReplicaReader reader;
  std::unique_ptr<game::Lens> lens;
};

struct Played {
  double step_us = 0, send_us = 0, bytes = 0, tables = 0, state_bytes = 0;
  std::size_t ticks = 0, snapshots = 0, matches = 0;
};

double us_since(Clock::time_point began) {
  return std::chrono::duration<double, std::micro>(Clock::now() - began).count();
}

class Run {
 public:
  Run(const game::Game& game, int players, std::uint32_t seed)
      : game_(game), players_(players), random_(seed) {}

  Played play(std::size_t ticks) {
    while (out_.ticks < ticks) one_match(ticks);
    return out_;
  }

 private:
  void one_match(std::size_t ticks) {
    ++out_.matches;
    auto state = game_.begin({.seed = random_(), .players = players_, .tick_hz = 30});
    for (int slot = 0; slot < players_; ++slot) state->enter(slot);
    game::TablesAuthor tables(game_, 1);
    std::vector<Client> clients;
    for (int slot = 0; slot < players_; ++slot) clients.emplace_back(game_);
    game::Commands commands{};
    for (; out_.ticks < ticks && !state->over(); ++out_.ticks) {
      if (state->tick() % kBotsSee == 0) commands = test::bot_commands(game_, *state, random_);
      const auto began = Clock::now();
      state->step(commands);
      out_.step_us += us_since(began);
      send(*state, tables, clients);
    }
    out_.state_bytes = static_cast<double>(state->encode().size());
  }

  void send(const game::State& state, game::TablesAuthor& tables, std::vector<Client>& clients) {
    const auto began = Clock::now();
    const auto all = game_.show_all(state);
    const bool shared = all && game_.open_to_all(*all, {});
    game::Encodings encodings(tables);
    std::vector<game::ReplicaSender::Packet> packets;
    std::vector<game::ViewPtr> views;
    for (std::size_t slot = 0; slot < clients.size(); ++slot) {
      auto& [sender, reader, lens] = clients[slot];
      views.push_back(shared ? all
                             : lens->select(state, all, static_cast<int>(slot), sender.last(),
                                            sender.baseline()));
      packets.push_back(sender.send(views.back(), encodings));
    }
    if (all && packets[0].baseline && state.tick() % game::TablesAuthor::kLearnEvery == 0) {
      if (tables.learn(*packets[0].baseline, *views[0]))
        out_.tables += static_cast<double>(tables.newest().bytes.size() * clients.size());
    }
    out_.send_us += us_since(began);
    for (std::size_t slot = 0; slot < clients.size(); ++slot)
      receive(clients[slot], packets[slot], *views[slot], tables);
  }

  void receive(Client& client, const game::ReplicaSender::Packet& packet, const game::View& view,
               const game::TablesAuthor& tables) {
    game::SnapshotHead head{.tick = view.tick, .checksum = checksum(game_, view), .epoch = 1};
    packet.describe(head);
    const auto bytes = game::write_head(head) + *packet.bytes;
    if (client.reader.read(bytes, 0) != game::ReplicaReader::Outcome::taken) {
      std::fprintf(stderr, "bench games: tick %u does not decode\n", view.tick);
      std::exit(1);
    }
    out_.bytes += static_cast<double>(bytes.size());
    ++out_.snapshots;
    client.reader.take_tables(tables.newest());
    if (view.tick > kAcknowledgedAfter)
      client.sender.acknowledge(view.tick - kAcknowledgedAfter,
                                client.reader.tables_to_acknowledge());
  }

  const game::Game& game_;
  int players_;
  test::Random random_;
  Played out_;
};

int run(std::size_t ticks, int most_players, std::uint32_t seed, const std::string& json) {
  BenchReport report("games");
  report.add("seed", seed);
  for (const auto* game : game::games()) {
    const int players = std::min(most_players, game->limits().most_players);
    const auto played = Run(*game, players, seed).play(ticks);
    const auto all = static_cast<double>(played.ticks);
    const auto snapshots = static_cast<double>(played.snapshots);
    const std::string name(game->name());
    report.add(name + "_players", players);
    report.add(name + "_step_us_mean", played.step_us / all, "us a tick");
    report.add(name + "_send_us_mean", played.send_us / snapshots, "us a snapshot");
    report.add(name + "_snapshot_bytes_mean", played.bytes / snapshots,
               "B, head included, against three ticks before");
    report.add(name + "_tables_bytes_mean", played.tables / snapshots, "B a snapshot, told apart");
    report.add(name + "_state_bytes", played.state_bytes, "B of a checkpoint");
    report.add(name + "_matches", static_cast<double>(played.matches), "in so many ticks");
  }
  return report.finish(json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("Every registered game without a network: a tick, and what players are sent");
  std::size_t ticks = 60'000;
  int players = 10;
  std::uint32_t seed = 1;
  bool quick = false;
  std::string json;
  cli.add_option("--ticks", ticks, "Of each game")->check(CLI::Range(100, 10'000'000));
  cli.add_option("--players", players, "At most, of each game")->check(CLI::Range(2, 64));
  cli.add_option("--seed", seed, "Of games and bots");
  cli.add_flag("--quick", quick, "6,000 ticks");
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  return troupe::bench::run(quick ? 6'000 : ticks, players, seed, json);
}

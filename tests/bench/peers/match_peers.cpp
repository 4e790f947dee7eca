// Matches beside Colyseus: 20 ticks a second, ten players a match, all of whom move every tick; one
// core for the server and one for the players. docs/benchmarks.md says how and with what result.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/match_sim.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/peers/bare_udp.hpp"
#include "tests/bench/peers/peer_process.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::bench {
namespace {

constexpr int kServerCore = 0, kLoaderCore = 1;
constexpr int kTickHz = 20, kPlayersPerMatch = 10;
constexpr double kMinReceived = 0.9;  // of the snapshots due
constexpr double kLoaderFull = 0.9;
constexpr double kQuiet = 0.1;        // cores of other processes; above it, a row is measured again
constexpr double kTrustedLoad = 0.6;  // above it, cores are no longer proportional to clients

struct Options {
  std::vector<int> clients{400, 800, 1'200};
  std::vector<std::string> servers{"troupe", "troupe-memory", "bare-udp", "colyseus",
                                   "colyseus-inputs"};
  int seconds = 10, tries = 2;
  std::string json, peers_dir = "tests/bench/peers";
};

struct Row {
  std::string server;
  int clients = 0;
  double cores = 0, loader_cores = 0, other_cores = 0;
  double payload_bytes = 0, received = 0;
  std::string invalid;  ///< why the row proves nothing; empty: valid

  [[nodiscard]] double clients_per_core() const { return clients / std::max(cores, 0.001); }
};

/// CPU of server, loader and all others between begin() and end().
class Meter {
 public:
  void begin(int server, int loader) {
    server_ = server;
    loader_ = loader;
    began_ = std::chrono::steady_clock::now();
    before_ = now();
  }
  void end(Row& row) const {
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const auto after = now();
    row.cores = (after.server - before_.server) / wall;
    row.loader_cores = (after.loader - before_.loader) / wall;
    row.other_cores = (after.machine - before_.machine) / wall - row.cores - row.loader_cores;
  }

 private:
  struct Used {
    double server, loader, machine;
  };
  [[nodiscard]] Used now() const {
    return {process_cpu_seconds(server_), process_cpu_seconds(loader_), machine_cpu_seconds()};
  }
  int server_ = 0, loader_ = 0;
  std::chrono::steady_clock::time_point began_;
  Used before_{};
};

/// A new direction and a new aim each tick: 11.2 bits a player and tick, where the velocities of
/// the other server's scenario have 8.6.
game::Command wander(std::minstd_rand& random) {
  game::Command command;
  command.move_x = static_cast<std::int8_t>(static_cast<int>(random() / 7 % 3) - 1);
  command.move_y = static_cast<std::int8_t>(static_cast<int>(random() / 7 % 3) - 1);
  command.aim = static_cast<std::uint8_t>(random() / 7);
  return command;
}

double value_of(const sim::Section& section, const std::string& name) {
  for (const auto& row : section.rows) {
    if (row.name == name) return row.value;
  }
  throw std::runtime_error("the simulator reports no '" + name + "'");
}

/// The settings of `name`, which begins with "troupe".
std::vector<std::string> troupe_settings(const std::string& name, int clients) {
  const auto bound = std::to_string(clients + 100);
  std::vector<std::string> out{
      fmt::format("match.tick_hz={}", kTickHz), "http.access_log=false",        "log.level=warn",
      "match.hide_behind_walls=false",  // as the others: everybody is told of everybody
      "match.max_clients_per_address=" + bound, "match.connects_burst=" + bound};
  // As the others, too: a crash loses the match, and nobody looks for cheats.
  if (name == "troupe-memory") out.insert(out.end(), {"match.log=false", "match.fairness=false"});
  return out;
}

Row measure_troupe(const Options& options, int clients, const std::string& name) {
  std::unique_ptr<test::ServerProcess> server;
  {
    const OnCore pinned(kServerCore);
    server = std::make_unique<test::ServerProcess>(troupe_settings(name, clients));
  }
  Row row{.server = name, .clients = clients};
  Meter meter;
  sim::MatchSimOptions load{.bots = clients,
                            .bots_per_match = kPlayersPerMatch,
                            .duration = std::chrono::seconds(options.seconds)};
  load.load_begins = [&] { meter.begin(server->pid(), ::getpid()); };
  load.load_ends = [&] { meter.end(row); };
  load.decide = wander;
  sim::Progress progress(false);
  const std::atomic<bool> stop{false};
  const auto section = sim::run_match(server->endpoint(), load, progress, stop);
  if (!section.ok()) {
    row.invalid = section.error().detail;
    return row;
  }
  row.payload_bytes = value_of(*section, "snapshot size, mean");
  row.received = value_of(*section, "snapshots received of those due") / 100;
  if (!section->failures.empty()) row.invalid = section->failures.front();
  return row;
}

/// The lines of a file that another process is writing.
class Follow {
 public:
  explicit Follow(std::string path) : path_(std::move(path)) {}
  /// Waits for the next line. Throws when `process` ends first.
  std::string line(sim::ChildProcess& process) {
    while (true) {
      const bool ended = !process.running();
      std::ifstream file(path_);
      std::string text;
      for (int i = 0; i <= seen_; ++i) std::getline(file, text);
      if (file && !file.eof()) {
        ++seen_;
        return text;
      }
      if (ended) throw std::runtime_error("a process of Colyseus ended early");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

 private:
  const std::string path_;
  int seen_ = 0;
};

Row measure_colyseus(const Options& options, int clients, const std::string& name) {
  const test::TempDir dir;
  const std::string inputs = name == "colyseus" ? "none" : "inputs";
  const auto port = free_port();
  auto server_command = node_command(options.peers_dir, "colyseus_server.mjs");
  server_command.insert(server_command.end(), {std::to_string(port), inputs});
  auto loader_command = node_command(options.peers_dir, "colyseus_load.mjs");
  loader_command.insert(
      loader_command.end(),
      {std::to_string(port), inputs, std::to_string(clients), std::to_string(options.seconds)});
  auto server = [&] {
    const OnCore pinned(kServerCore);
    return start_process(server_command, {.stdout_path = dir / "server", .stderr_path = "-"});
  }();
  await_port(port, "Colyseus");
  auto loader = start_process(loader_command, {.stdout_path = dir / "load", .stderr_path = "-"});
  Row row{.server = name, .clients = clients};
  Meter meter;
  Follow lines(dir / "load");
  lines.line(loader);  // "begin"
  meter.begin(server.pid(), loader.pid());
  lines.line(loader);  // "end"
  meter.end(row);
  const auto seen = boost::json::parse(lines.line(loader));
  const auto patches = seen.at("patches").to_number<double>();
  row.payload_bytes = seen.at("bytes").to_number<double>() / std::max(patches, 1.0);
  row.received = seen.at("of_due_mean").to_number<double>();
  if (seen.at("moved").to_number<int>() < clients)
    row.invalid =
        fmt::format("only {} players saw all others move", seen.at("moved").to_number<int>());
  return row;
}

/// What is left when the server does nothing: no other can serve more.
Row measure_bare(const Options& options, int clients) {
  const auto port = free_port();
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  auto server = [&] {
    const OnCore pinned(kServerCore);
    return start_process({self, "--bare-server", std::to_string(port)}, {.stderr_path = "-"});
  }();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  Row row{.server = "bare-udp", .clients = clients};
  Meter meter;
  const auto load = load_bare_udp(
      port, clients, kTickHz, options.seconds, [&] { meter.begin(server.pid(), ::getpid()); },
      [&] { meter.end(row); });
  row.payload_bytes = kBareOutBytes;
  row.received = static_cast<double>(load.received) / (1.0 * clients * kTickHz * options.seconds);
  return row;
}

Row measure_once(const Options& options, const std::string& server, int clients) {
  Row row;
  try {
    row = server.starts_with("troupe") ? measure_troupe(options, clients, server)
          : server == "bare-udp"       ? measure_bare(options, clients)
                                       : measure_colyseus(options, clients, server);
  } catch (const std::exception& e) {
    row = {.server = server, .clients = clients, .invalid = e.what()};
  }
  if (!row.invalid.empty()) return row;
  if (row.received < kMinReceived)
    row.invalid = fmt::format("only {:.1f} % of the snapshots came", 100 * row.received);
  if (row.loader_cores > kLoaderFull) row.invalid = "the loader was full";
  return row;
}

/// The quietest of several tries, the first quiet one at once.
Row measure(const Options& options, const std::string& server, int clients) {
  auto best = measure_once(options, server, clients);
  for (int i = 1; i < options.tries && best.other_cores > kQuiet; ++i) {
    auto again = measure_once(options, server, clients);
    if (again.other_cores < best.other_cores) best = std::move(again);
  }
  return best;
}

void print(const Row& row) {
  if (row.cores == 0) {  // it did not come to a measurement
    std::printf("%-16s %7d INVALID: %s\n", row.server.c_str(), row.clients, row.invalid.c_str());
    return;
  }
  std::printf("%-16s %7d %6.3f %6.3f %6.3f %9.0f %8.1f %7.1f%% %s\n", row.server.c_str(),
              row.clients, row.cores, row.loader_cores, row.other_cores, row.clients_per_core(),
              row.payload_bytes, 100 * row.received,
              row.invalid.empty() ? "" : ("INVALID: " + row.invalid).c_str());
  std::fflush(stdout);
}

int run(const Options& options) {
  const OnCore pinned(kLoaderCore);
  std::printf("%-16s %7s %6s %6s %6s %9s %8s %8s\n", "server", "clients", "cores", "loader",
              "others", "per core", "payload", "received");
  BenchReport report("match-peers");
  std::map<std::string, double> best;
  for (const auto& server : options.servers) {
    for (const int clients : options.clients) {
      const auto row = measure(options, server, clients);
      print(row);
      const auto key = fmt::format("{}.{}.", server, clients);
      report.add(key + "valid", row.invalid.empty() ? 1 : 0, row.invalid);
      if (!row.invalid.empty()) break;
      report.add(key + "cores", row.cores);
      report.add(key + "loader_cores", row.loader_cores);
      report.add(key + "other_cores", row.other_cores, "processes that have no part in this");
      report.add(key + "payload_bytes", row.payload_bytes, "of a snapshot, mean");
      report.add(key + "received", row.received, "of the snapshots due");
      if (row.cores <= kTrustedLoad || best.count(server) == 0)
        best[server] = row.clients_per_core();
    }
  }
  for (const auto& [server, value] : best)
    report.add(server + ".clients_per_core", value,
               "from the largest audience at no more than 60 % of a core");
  const auto compare = [&](const char* key, const char* ours, const char* peer, const char* note) {
    if (best.count(ours) != 0 && best.count(peer) != 0)
      report.add(key, best[ours] / best[peer], note);
  };
  compare("ratio", "troupe", "colyseus-inputs", "bar 3");
  compare("ratio_memory", "troupe-memory", "colyseus-inputs", "neither keeps anything");
  compare("ratio_to_bare_udp", "troupe", "bare-udp",
          "a server that does nothing with its datagrams");
  return report.finish(options.json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  using namespace troupe::bench;
  Options options;
  CLI::App cli("Matches of ten at 20 Hz beside Colyseus");
  bool quick = false;
  cli.add_flag("--quick", quick, "400 clients, 5 s each: about a minute");
  cli.add_option("--json", options.json, "Write the metrics here");
  cli.add_option("--clients", options.clients, "Clients, growing")
      ->delimiter(',')
      ->check(CLI::Range(10, 4'000))
      ->capture_default_str();
  cli.add_option("--servers", options.servers,
                 "Of troupe,troupe-memory,bare-udp,colyseus,colyseus-inputs")
      ->delimiter(',')
      ->check(
          CLI::IsMember({"troupe", "troupe-memory", "bare-udp", "colyseus", "colyseus-inputs"}));
  cli.add_option("--seconds", options.seconds, "Measured time of each row")
      ->check(CLI::Range(2, 600))
      ->capture_default_str();
  cli.add_option("--tries", options.tries, "Of a row, while others use a tenth of a core or more")
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  cli.add_option("--peers-dir", options.peers_dir, "tests/bench/peers")->capture_default_str();
  std::uint16_t bare_port = 0;
  cli.add_option("--bare-server", bare_port)->group("");
  CLI11_PARSE(cli, argc, argv);
  if (quick) {
    options.clients = {400};
    options.seconds = 5;
  }
  std::sort(options.clients.begin(), options.clients.end());
  try {
    if (bare_port != 0) serve_bare_udp(bare_port, kTickHz);
    return run(options);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench match-peers: %s\n", e.what());
    return 1;
  }
}

// Matches beside their bots on one machine: are ticks kept, how small are deltas, and how far from
// raw ENet.
#include <atomic>
#include <cstdio>
#include <thread>

#include <CLI/CLI.hpp>
#include <enet/enet.h>
#include <unistd.h>

#include "sim/match_sim.hpp"
#include "tests/bench/bench_report.hpp"
#include "tests/bench/scrape.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Packets of `bytes` a second from one ENet host to `peers` others on loopback, flat out for
/// `seconds`.
double raw_enet(std::size_t bytes, std::size_t peers, double seconds) {
  ENetAddress address{};
  enet_address_set_host_ip(&address, "127.0.0.1");
  address.port = 0;
  ENetHost* server = enet_host_create(&address, peers, 2, 0, 0);
  ENetAddress bound{};
  enet_socket_get_address(server->socket, &bound);
  address.port = bound.port;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> received{0};
  std::thread receiver([&] {
    ENetHost* host = enet_host_create(nullptr, peers, 2, 0, 0);
    for (std::size_t i = 0; i < peers; ++i) enet_host_connect(host, &address, 2, 0);
    ENetEvent event;
    while (!stop) {
      while (enet_host_service(host, &event, 1) > 0) {
        if (event.type != ENET_EVENT_TYPE_RECEIVE) continue;
        ++received;
        enet_packet_destroy(event.packet);
      }
    }
    enet_host_destroy(host);
  });
  const std::string payload(bytes, 'x');
  ENetEvent event;
  const auto connect_until = Clock::now() + std::chrono::seconds(5);
  while (server->connectedPeers < peers && Clock::now() < connect_until)
    enet_host_service(server, &event, 1);
  const auto before = received.load();
  const auto began = Clock::now();
  while (std::chrono::duration<double>(Clock::now() - began).count() < seconds) {
    for (std::size_t i = 0; i < server->peerCount; ++i) {
      auto* packet = enet_packet_create(payload.data(), payload.size(), 0);
      if (enet_peer_send(&server->peers[i], 1, packet) < 0) enet_packet_destroy(packet);
    }
    while (enet_host_service(server, &event, 0) > 0) {
      if (event.type == ENET_EVENT_TYPE_RECEIVE) enet_packet_destroy(event.packet);
    }
  }
  const double rate = static_cast<double>(received - before) /
                      std::chrono::duration<double>(Clock::now() - began).count();
  stop = true;
  receiver.join();
  enet_host_destroy(server);
  return rate;
}

int run(int bots, int per_match, int seconds, bool log, const std::string& json) {
  const auto bound = std::to_string(bots + 100);  // all come from one address, at once
  test::ServerProcess server(
      {"http.access_log=false", "log.level=warn", "match.max_clients_per_address=" + bound,
       "match.connects_burst=" + bound, std::string("match.log=") + (log ? "true" : "false")});
  Series before, after;
  double cpu = 0, machine = 0;
  sim::MatchSimOptions options{bots, per_match, std::chrono::seconds(seconds), 1, {}, {}, {}};
  options.load_begins = [&] {
    before = scrape(server.endpoint());
    cpu = process_cpu_seconds(server.pid());
    machine = machine_cpu_seconds();
  };
  options.load_ends = [&] {
    after = scrape(server.endpoint());
    cpu = process_cpu_seconds(server.pid()) - cpu;
    machine = machine_cpu_seconds() - machine;
  };
  sim::Progress progress(::isatty(2) != 0);
  const std::atomic<bool> stop{false};
  auto section = sim::run_match(server.endpoint(), options, progress, stop);
  if (!section.ok()) {
    std::fprintf(stderr, "bench match: %s\n", section.error().detail.c_str());
    return 1;
  }
  const auto grown = [&](const std::string& name) { return after[name] - before[name]; };
  const double sent = grown("troupe_match_snapshots_total");
  const double delta = grown("troupe_match_snapshot_bytes_total") / sent;
  const double packets = sent / seconds;
  const double raw =
      raw_enet(static_cast<std::size_t>(delta), static_cast<std::size_t>(std::min(bots, 1'000)), 3);
  BenchReport report("match");
  report.add("bots", bots);
  report.add("tick_late_p99_ms", quantile_ms(before, after, "troupe_match_tick_late_seconds", 0.99),
             "bar 5; 2 with the machine at 80 %");
  report.add("tick_compute_p99_ms",
             quantile_ms(before, after, "troupe_match_tick_compute_seconds", 0.99), "bar 1");
  report.add("ticks_per_s", grown("troupe_match_tick_compute_seconds_count") / seconds,
             "all matches");
  report.add("delta_bytes_mean", delta, "head of 11 or 14 bytes included");
  report.add("tables_bytes_mean", grown("troupe_match_tables_bytes_total") / sent,
             "tables told, for each snapshot");
  report.add("full_bytes_mean", grown("troupe_match_snapshot_full_bytes_total") / sent);
  report.add(
      "delta_of_full",
      grown("troupe_match_snapshot_bytes_total") / grown("troupe_match_snapshot_full_bytes_total"),
      "bar 0.33");
  report.add("unsafe_ticks", grown("troupe_match_unsafe_ticks_total"),
             "shown before they were on disk");
  report.add("packets_per_s", packets, "snapshots, beside the bots");
  report.add("machine_busy",
             machine / seconds / static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)),
             "of all cores, bots included");
  report.add("packets_per_core_s", sent / cpu, "snapshots per CPU second of the server");
  report.add("raw_enet_packets_per_s", raw, "the same size, flat out, one core each side");
  for (const auto& row : section->rows)
    std::printf("  %-36s %16.3f  %s\n", row.name.c_str(), row.value, row.unit.c_str());
  for (const auto& failure : section->failures) std::printf("  FAILED: %s\n", failure.c_str());
  return report.finish(json) + (section->failures.empty() ? 0 : 1);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("Matches beside their bots on one machine");
  int bots = 500, per_match = 10, seconds = 20;
  bool quick = false, no_log = false;
  std::string json;
  cli.add_option("--bots", bots, "Bots in all")->check(CLI::Range(2, 4'000));
  cli.add_option("--per-match", per_match, "Bots in a match")->check(CLI::Range(2, 64));
  cli.add_option("--seconds", seconds, "Length of the run")->check(CLI::Range(2, 3'600));
  cli.add_flag("--no-log", no_log, "Matches without a command log (match.log=false)");
  cli.add_flag("--quick", quick, "Ten seconds");
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  return troupe::bench::run(bots, per_match, quick ? 10 : seconds, !no_log, json);
}

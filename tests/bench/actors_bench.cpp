// What entities cost: activation, memory when idle, messages through the registry beside a bare
// actor.
#include <atomic>
#include <cstdio>
#include <thread>

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <unistd.h>

#include "actors/system/ask.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/scheduler.hpp"
#include "base/metrics.hpp"
#include "tests/bench/bench_report.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
using count_atom = caf::atom_constant<caf::atom("count")>;

struct State {
  std::uint64_t count = 0;
};

caf::behavior counter(caf::stateful_actor<State>* self) {
  return {[self](count_atom) { return ++self->state.count; },
          [self](actors::passivate_atom) { self->quit(); }};
}

double since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

void wait_for(const std::atomic<std::uint64_t>& value, std::uint64_t target) {
  while (value < target) std::this_thread::yield();
}

/// Requests with replies, at most `window` unanswered, for `seconds`.
template <class Ask>
double rate(Ask ask, std::uint64_t window, double seconds) {
  std::atomic<std::uint64_t> answered{0};
  std::uint64_t asked = 0;
  const auto began = Clock::now();
  while (since(began) < seconds) {
    while (asked - answered < window) ask(asked++, answered);
    std::this_thread::yield();
  }
  const double result = static_cast<double>(answered) / since(began);
  wait_for(answered, asked);
  return result;
}

int run(std::uint64_t entities, double seconds, const std::string& policy,
        const std::string& json) {
  actors::SchedulerConfig config;
  config.set("scheduler.policy", caf::atom_from_string(policy));
  caf::actor_system system(config);
  Metrics metrics;
  actors::EntityRegistry registry(system, metrics);
  actors::Asker asker(system, registry, 1'000'000);
  actors::EntityKind kind;
  kind.name = "bench";
  kind.idle_after = std::chrono::milliseconds(0);
  kind.max_active = entities * 2;
  kind.activate = [](caf::actor_system& sys, const std::string&) { return sys.spawn(counter); };
  registry.add_kind(std::move(kind));

  const double rss = process_rss_bytes(::getpid());
  std::atomic<std::uint64_t> up{0};
  const auto began = Clock::now();
  for (std::uint64_t i = 0; i < entities; ++i) {
    while (i - up > 10'000) std::this_thread::yield();
    asker.ask_as<std::uint64_t>(
        "bench", std::to_string(i), std::chrono::seconds(30), [&](const auto&) { ++up; },
        count_atom::value);
  }
  wait_for(up, entities);
  const double spawn_per_s = static_cast<double>(entities) / since(began);
  const double bytes = (process_rss_bytes(::getpid()) - rss) / static_cast<double>(entities);

  const auto through_registry = rate(
      [&](std::uint64_t i, std::atomic<std::uint64_t>& answered) {
        asker.ask_as<std::uint64_t>(
            "bench", std::to_string(i % 1'000), std::chrono::seconds(30),
            [&](const auto&) { ++answered; }, count_atom::value);
      },
      1'000, seconds);
  auto bare = system.spawn(counter);
  const auto to_bare = rate(
      [&](std::uint64_t, std::atomic<std::uint64_t>& answered) {
        asker.ask_actor_as<std::uint64_t>(
            bare, std::chrono::seconds(30), [&](const auto&) { ++answered; }, count_atom::value);
      },
      1'000, seconds);
  caf::anon_send_exit(bare, caf::exit_reason::user_shutdown);
  const auto left = registry.shutdown(std::chrono::seconds(30));

  BenchReport report("actors");
  report.add("idle_bytes_per_entity", bytes,
             "resident, after one message; registry included; bar 2,048");
  report.add("spawn_per_s", spawn_per_s, "activations by a request with a reply");
  report.add("messages_per_s", through_registry,
             "requests with replies, through the registry to 1,000 entities");
  report.add("bare_messages_per_s", to_bare, "the same to one actor without the registry");
  report.add("ratio", through_registry / to_bare);
  report.add("left_at_shutdown", static_cast<double>(left));
  return report.finish(json);
}

}  // namespace
}  // namespace troupe::bench

int main(int argc, char** argv) {
  CLI::App cli("What entities cost");
  bool quick = false;
  std::uint64_t entities = 500'000;
  std::string policy = "sharing", json;
  cli.add_flag("--quick", quick, "200,000 entities, three seconds each");
  cli.add_option("--entities", entities, "Entities activated")
      ->check(CLI::Range(1'000, 10'000'000));
  cli.add_option("--policy", policy, "CAF's scheduler")
      ->check(CLI::IsMember({"stealing", "sharing"}));
  cli.add_option("--json", json, "Write the metrics here");
  CLI11_PARSE(cli, argc, argv);
  return troupe::bench::run(quick ? 200'000 : entities, quick ? 3 : 10, policy, json);
}

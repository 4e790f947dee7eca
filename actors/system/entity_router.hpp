// One shard of a kind's registry: the actor through which every message to its entities passes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include "actors/system/entity.hpp"
#include "actors/system/restart_policy.hpp"

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace troupe::actors {

/// Shared by the shards of a kind, read by status() from any thread.
struct KindStats {
  std::atomic<std::uint64_t> active{0};
  std::atomic<std::uint64_t> activations{0};
  std::atomic<std::uint64_t> passivations{0};
  std::atomic<std::uint64_t> crashes{0};
  prometheus::Gauge* active_gauge = nullptr;
  prometheus::Counter* activations_total = nullptr;
  prometheus::Counter* crashes_total = nullptr;
  prometheus::Counter* dropped_total = nullptr;
};

/// (sweep_atom): passivates a slice of the idle. (stop_atom): passivates all; answered with the
/// number still up.
using sweep_atom = caf::atom_constant<caf::atom("sweep")>;
using revive_atom = caf::atom_constant<caf::atom("revive")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using crash_atom = caf::atom_constant<caf::atom("crash")>;

/// Entities whose router crashed: told to end. The next router of the shard brings up nobody before
/// all of them have, so that no key has two activations.
struct Orphans {
  std::mutex mutex;
  std::vector<caf::actor> actors;
};

struct RouterState {
  static constexpr const char* name = "entity-router";
  ~RouterState();

  struct Waiting {
    caf::response_promise promise;
    caf::message payload;
  };
  /// What only a few entities have at a time, kept out of the lean Entry.
  struct Trouble {
    RestartHistory history;
    std::uint64_t revive_at_ms = 0;  ///< 0: not backing off
    bool failed = false;
    std::deque<Waiting> waiting;
  };
  struct Entry {
    caf::actor actor;  ///< null while it backs off
    std::uint32_t last_used_s = 0;
    bool passivating = false;
    std::unique_ptr<Trouble> trouble;
  };
  using Map = std::unordered_map<std::string, Entry>;

  std::shared_ptr<const EntityKind> kind;
  std::shared_ptr<KindStats> stats;
  Map entries;
  std::unordered_map<std::uint64_t, const std::string*>
      by_actor;  ///< actor id → key in `entries` (stable)
  std::shared_ptr<Orphans> orphans;
  std::unordered_set<std::uint64_t> awaited;  ///< actor ids of orphans that are still up
  std::size_t sweep_bucket = 0;
  bool stopping = false;
  caf::response_promise stopped;
  std::minstd_rand random{std::random_device{}()};
};

using RouterActor = caf::stateful_actor<RouterState>;

caf::behavior entity_router(RouterActor* self, std::shared_ptr<const EntityKind> kind,
                            std::shared_ptr<KindStats> stats, std::shared_ptr<Orphans> orphans);

}  // namespace troupe::actors

#include "actors/system/entity.hpp"

#include <cassert>
#include <map>
#include <mutex>
#include <shared_mutex>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "actors/system/entity_router.hpp"
#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

struct Kind {
  std::shared_ptr<KindStats> stats;
  std::vector<caf::actor> shards;
};

std::shared_ptr<KindStats> make_stats(Metrics& metrics, const std::string& kind) {
  auto stats = std::make_shared<KindStats>();
  const Labels labels{{"kind", kind}};
  stats->active_gauge = &metrics.gauge("troupe_entities_active", "Active entities", labels);
  stats->activations_total =
      &metrics.counter("troupe_entity_activations_total", "Entities brought up", labels);
  stats->crashes_total =
      &metrics.counter("troupe_entity_crashes_total", "Entities that ended with an error", labels);
  stats->dropped_total = &metrics.counter(
      "troupe_entity_messages_refused_total",
      "Messages refused: waiting room full, too many active, failed, stopping", labels);
  return stats;
}

}  // namespace

struct EntityRegistry::Impl {
  caf::actor_system& system;
  Metrics& metrics;
  SupervisionTree* tree;
  mutable std::shared_mutex mutex;
  std::map<std::string, Kind, std::less<>> kinds;
};

EntityRegistry::EntityRegistry(caf::actor_system& system, Metrics& metrics, SupervisionTree* tree)
    : impl_(new Impl{system, metrics, tree, {}, {}}) {}

EntityRegistry::~EntityRegistry() {
  if (impl_->tree != nullptr) return;
  for (auto& [name, kind] : impl_->kinds) {
    for (auto& shard : kind.shards) caf::anon_send_exit(shard, caf::exit_reason::user_shutdown);
  }
}

void EntityRegistry::add_kind(EntityKind kind) {
  assert(kind.shards >= 1 && kind.activate);
  const auto stats = make_stats(impl_->metrics, kind.name);
  const auto name = kind.name;
  const auto domain = kind.domain.empty() ? name : kind.domain;
  const auto shared = std::make_shared<const EntityKind>(std::move(kind));
  {
    const std::unique_lock lock(impl_->mutex);
    const bool fresh =
        impl_->kinds.emplace(name, Kind{stats, std::vector<caf::actor>(shared->shards)}).second;
    assert(fresh && "a kind is added once");
    static_cast<void>(fresh);
  }
  for (std::size_t i = 0; i < shared->shards; ++i) {
    const auto orphans = std::make_shared<Orphans>();
    auto start = [impl = impl_.get(), shared, stats, orphans, i](caf::actor_system& system) {
      auto router = system.spawn(entity_router, shared, stats, orphans);
      const std::unique_lock lock(impl->mutex);
      impl->kinds.find(shared->name)->second.shards[i] = router;
      return router;
    };
    if (impl_->tree == nullptr) {
      start(impl_->system);
    } else {
      impl_->tree->add(domain, {.id = name + "-" + std::to_string(i), .start = std::move(start)});
    }
  }
}

caf::actor EntityRegistry::router(const std::string& kind, const std::string& id) const {
  const std::shared_lock lock(impl_->mutex);
  const auto it = impl_->kinds.find(kind);
  if (it == impl_->kinds.end()) return nullptr;
  const auto& shards = it->second.shards;
  return shards[shards.size() == 1 ? 0 : std::hash<std::string>{}(id) % shards.size()];
}

void EntityRegistry::tell(const std::string& kind, const std::string& id,
                          caf::message payload) const {
  const auto target = router(kind, id);
  assert(target && "unknown kind");
  caf::anon_send(target, route_atom::value, id, std::move(payload));
}

void EntityRegistry::nudge(const std::string& kind, const std::string& id,
                           caf::message payload) const {
  if (const auto target = router(kind, id))
    caf::anon_send(target, nudge_atom::value, id, std::move(payload));
}

void EntityRegistry::crash(const std::string& kind, const std::string& id) const {
  if (const auto target = router(kind, id)) caf::anon_send(target, crash_atom::value, id);
}

std::vector<KindStatus> EntityRegistry::status() const {
  std::vector<KindStatus> rows;
  const std::shared_lock lock(impl_->mutex);
  for (const auto& [name, kind] : impl_->kinds) {
    rows.push_back({name, kind.stats->active, kind.stats->activations, kind.stats->passivations,
                    kind.stats->crashes});
  }
  return rows;
}

std::size_t EntityRegistry::shutdown(std::chrono::milliseconds timeout) {
  std::map<std::string, Kind, std::less<>> kinds;
  {
    const std::shared_lock lock(impl_->mutex);
    kinds = impl_->kinds;
  }
  caf::scoped_actor self(impl_->system);
  const auto until = std::chrono::steady_clock::now() + timeout;
  for (auto& [name, kind] : kinds) {
    for (auto& shard : kind.shards) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      self->request(shard, std::max(left, std::chrono::milliseconds(1)), stop_atom::value)
          .receive([](std::uint64_t) {}, [](const caf::error&) {});
    }
  }
  std::size_t left = 0;
  for (auto& [name, kind] : kinds) left += kind.stats->active;
  return left;
}

}  // namespace troupe::actors

// Entities: addressed by (kind, id), activated by their first message, at most one activation per
// key.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/atom.hpp>
#include <caf/message.hpp>

#include "base/result.hpp"

namespace troupe {
class Metrics;
}
namespace caf {
class actor_system;
}

namespace troupe::actors {

class SupervisionTree;

/// Sent to an entity by the registry; the entity makes its state safe and then quits normally.
/// Messages that arrive meanwhile wait in the registry (bounded) and go to the next activation.
using passivate_atom = caf::atom_constant<caf::atom("passivate")>;

/// How entities of one kind come to life. `activate` runs on the registry's actor and must not
/// block: it spawns an actor that loads its own state (through ReadPool) while it stashes early
/// messages.
struct EntityKind {
  std::string name;         ///< "match", "live", "auction", "feed", …: also the metric label.
  std::string domain = {};  ///< whose supervisor keeps its routers; empty: `name`
  std::function<caf::actor(caf::actor_system&, const std::string& id)> activate;
  std::chrono::milliseconds idle_after{
      60'000};  ///< Passivated when no message came for this long; 0 = never.
  std::size_t max_active =
      1'000'000;  ///< Beyond it the longest idle are passivated; then `overloaded`.
  std::size_t max_waiting_per_entity =
      1'024;  ///< Messages held while an entity passivates or backs off.
  /// A crashed entity restarts from its stored state on its next message, with exponential backoff
  /// and jitter between these bounds. More than `max_restarts` within `restart_window` marks it
  /// failed (`unavailable`) for the window.
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{5'000};
  int max_restarts = 10;
  std::chrono::milliseconds restart_window{60'000};
  /// Restart at once after a crash rather than on the next message (a running match must go on by
  /// itself).
  bool restart_eagerly = false;
  std::size_t shards = 1;  ///< Registry actors among which the ids are split by hash.
};

/// A row of `GET /api/v1/admin/actors`.
struct KindStatus {
  std::string name;
  std::uint64_t active = 0;
  std::uint64_t activations = 0;
  std::uint64_t passivations = 0;
  std::uint64_t crashes = 0;
};

/// The only way from anything to an entity: no other code keeps an entity's handle across messages.
/// A key can later live on another node behind this seam. Thread-safe; not copyable.
class EntityRegistry {
 public:
  /// With a tree, the routers are supervised by it, and it ends them; without, they stand alone.
  EntityRegistry(caf::actor_system& system, Metrics& metrics, SupervisionTree* tree = nullptr);
  ~EntityRegistry();
  EntityRegistry(const EntityRegistry&) = delete;
  EntityRegistry& operator=(const EntityRegistry&) = delete;

  /// Before the first message of that kind; not thread-safe against tell/route of the same kind.
  void add_kind(EntityKind kind);

  /// The actor to which messages for (kind, id) are wrapped and sent: `route(kind, id)` takes
  /// (route_atom, std::string id, caf::message payload) and delegates to the entity, so that a
  /// request sent with it is answered by the entity. Use `tell` and `ask` (ask.hpp), which do the
  /// wrapping.
  [[nodiscard]] caf::actor router(const std::string& kind, const std::string& id) const;

  /// Fire and forget. Lost when the entity fails to activate or its waiting room is full (counted).
  void tell(const std::string& kind, const std::string& id, caf::message payload) const;

  /// Like tell, but only to an entity that is active already: for hints that are of no use to a
  /// sleeping one.
  void nudge(const std::string& kind, const std::string& id, caf::message payload) const;

  /// Kills the entity's actor as a bug in it would, for tests and drills. Nothing happens when it
  /// is not active.
  void crash(const std::string& kind, const std::string& id) const;

  [[nodiscard]] std::vector<KindStatus> status() const;

  /// Passivates all entities, waits for them (up to `timeout`), refuses new messages. Returns how
  /// many did not end.
  std::size_t shutdown(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using route_atom = caf::atom_constant<caf::atom("route")>;
using nudge_atom = caf::atom_constant<caf::atom("nudge")>;

}  // namespace troupe::actors

// What the composition root hands to every domain.
#pragma once

#include <cstdint>
#include <functional>

namespace caf {
class actor_system;
}
namespace troupe {
class Metrics;
}
namespace troupe::storage {
class Store;
class Writer;
class ReadPool;
}  // namespace troupe::storage

namespace troupe::actors {

class EntityRegistry;
class SupervisionTree;

/// References that outlive every actor. `now_ms` is Unix time in milliseconds; tests inject their
/// own.
struct Context {
  caf::actor_system& system;
  storage::Store& store;
  storage::Writer& writer;
  storage::ReadPool& reads;
  EntityRegistry& entities;
  Metrics& metrics;
  std::function<std::uint64_t()> now_ms;
  /// Where a domain's long-lived actors go; null (in tests): they stand alone.
  SupervisionTree* supervision = nullptr;
};

}  // namespace troupe::actors

// Health, metrics and the view of the actors for those who run the server.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace troupe {
class Metrics;
}
namespace troupe::actors {
class EntityRegistry;
class SupervisionTree;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::storage {
class ReadPool;
}

namespace troupe::api {

struct SystemApi {
  Metrics& metrics;
  actors::EntityRegistry& entities;
  actors::SupervisionTree& supervision;
  storage::ReadPool& reads;
  std::filesystem::path backup_dir;  ///< where POST /api/v1/admin/backups writes
  std::function<bool()> ready;
  std::function<std::string()> progress;  ///< of draining, for a server that is not ready
  bool drills = false;                    ///< Mount the route that crashes an entity.
};

/// GET /healthz, /readyz, /metrics (open); GET /api/v1/admin/actors, POST /api/v1/admin/backups
/// and, with drills, POST /api/v1/admin/actors/{kind}/{id}/crash (scope admin). References must
/// outlive the router.
void mount_system(http::Router& router, const SystemApi& api);

}  // namespace troupe::api

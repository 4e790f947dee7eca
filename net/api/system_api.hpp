// Health, metrics and the view of the actors for those who run the server.
#pragma once

#include <functional>

namespace troupe {
class Metrics;
}
namespace troupe::actors {
class EntityRegistry;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

struct SystemApi {
  Metrics& metrics;
  actors::EntityRegistry& entities;
  std::function<bool()> ready;
  bool drills = false;  ///< Mount the route that crashes an entity.
};

/// GET /healthz, /readyz, /metrics (open); GET /api/v1/admin/actors and, with drills,
/// POST /api/v1/admin/actors/{kind}/{id}/crash (scope admin). References must outlive the router.
void mount_system(http::Router& router, const SystemApi& api);

}  // namespace troupe::api

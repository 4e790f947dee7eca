// Ratings over HTTP: reading only, matches write them.
#pragma once

namespace troupe::actors {
struct Context;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

/// GET /api/v1/ratings/{player} → {"player", "modes": {"arena": {"rating", …}}}. References must
/// outlive the router.
void mount_ratings(http::Router& router, actors::Context& context);

}  // namespace troupe::api

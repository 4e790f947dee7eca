// The game hosts over HTTP, for those who run the server and for orchestrators.
#pragma once

#include <memory>

namespace troupe::fleet {
class Fleet;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

/// GET /api/v1/fleet/hosts, POST /api/v1/fleet/hosts/{id}/drain and …/open, POST
/// /api/v1/fleet/drain and …/open (scope admin). What is changed is an event in the journal.
void mount_fleet(http::Router& router, const std::shared_ptr<fleet::Fleet>& fleet);

}  // namespace troupe::api

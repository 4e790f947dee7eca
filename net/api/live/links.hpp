// Links that Troupe makes for those who may.
#pragma once

#include <memory>

#include "net/api/live/access.hpp"

namespace troupe::http {
class Router;
}

namespace troupe::api {

/// POST /api/v1/live/{id}/links: owner, moderators, scope `admin`. `asker` outlives the router.
void mount_live_links(http::Router& router, std::shared_ptr<const ViewGate> gate,
                      const actors::Asker& asker);

}  // namespace troupe::api

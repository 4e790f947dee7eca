// Watch parties over HTTP; their members speak over the session's WebSocket (watch.cpp).
#pragma once

#include <memory>

#include "net/api/live/api.hpp"

namespace troupe::api {

/// POST /api/v1/live/{id}/parties.
void mount_live_parties(http::Router& router, std::shared_ptr<const LiveApi> api);

}  // namespace troupe::api

// Publishers over HTTP and WebSocket.
#pragma once

#include <memory>

namespace troupe::http {
class Router;
}
namespace troupe::ingest {
class PushIngest;
}

namespace troupe::api {

/// PUT and POST /api/v1/live/{id}/ingest, WebSocket /api/v1/live/{id}/publish: docs/ingest.md.
/// Both judge the publish key, not a token.
void mount_live_push(http::Router& router, std::shared_ptr<ingest::PushIngest> push);

/// The WebSocket; in push_ws.cpp.
void mount_live_push_ws(http::Router& router, std::shared_ptr<ingest::PushIngest> push);

}  // namespace troupe::api

// Live sessions to players of FLV: over HTTP and over WebSocket.
#pragma once

#include <memory>

namespace troupe::flv {
class Fanout;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

struct LiveApi;

/// GET /live/{id}.flv and WebSocket /live/{id}.flv, both with `?rendition=` and `?view=`. What they
/// refer to outlives the router.
void mount_live_flv(http::Router& router, std::shared_ptr<const LiveApi> api, flv::Fanout& fanout);

}  // namespace troupe::api

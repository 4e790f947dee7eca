// Matches played again from their logs, over HTTP.
#pragma once

namespace troupe::actors {
struct Context;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

class OneReplay;

/// GET /api/v1/matches/{id}/replay?tick=N → the state at that tick, or the last one, after all
/// ticks up to it were played again and compared with their logged hashes. Of a running match only
/// for administrators: it shows everything. References must outlive the router.
void mount_match_replay(http::Router& router, actors::Context& context, const OneReplay& one);

}  // namespace troupe::api

// Shots judged again, over HTTP.
#pragma once

#include <boost/json/object.hpp>

namespace troupe::actors {
struct Context;
}
namespace troupe::http {
class Router;
}
namespace troupe::match {
struct Adjudication;
}

namespace troupe::api {

class OneReplay;

/// What `troupe match adjudicate --json` prints, too.
[[nodiscard]] boost::json::object to_json(const match::Adjudication& adjudication);

/// GET /api/v1/matches/{id}/shots?tick=N&slot=S, for administrators: the shot of a player, judged
/// again from the log. References must outlive the router.
void mount_match_shots(http::Router& router, actors::Context& context, const OneReplay& one);

}  // namespace troupe::api

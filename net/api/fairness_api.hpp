// Who was flagged, and what operators do about it.
#pragma once

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}

namespace troupe::api {

/// For administrators:
/// GET  /api/v1/fairness/flags?limit&cursor → findings, oldest first, with what followed and where
///      to look.
/// GET  /api/v1/fairness/players/{id} → how a player plays, and where it stands.
/// POST /api/v1/fairness/players/{id}/action {"action": "flag"|"shadow"|"kick"|"ban"|"clear",
///      "reason"} → the same, once it is on disk, with an event in the journal.
/// References must outlive the router.
void mount_fairness(http::Router& router, actors::Context& context, actors::Asker& asker);

}  // namespace troupe::api

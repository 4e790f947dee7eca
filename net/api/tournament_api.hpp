// Tournaments over HTTP.
#pragma once

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}

namespace troupe::api {

struct TournamentApi {
  actors::Context& context;
  actors::Asker& asker;
};

/// GET /api/v1/tournaments[/{id}], PUT and DELETE …/{id}/entrants/{player} for oneself, POST
/// …/{id}/matches for those who play; with the
/// scope `tournament` POST /api/v1/tournaments, …/{id}/start and …/{id}/results, and anybody's
/// entrants. References must outlive the router.
void mount_tournament(http::Router& router, const TournamentApi& api);

}  // namespace troupe::api

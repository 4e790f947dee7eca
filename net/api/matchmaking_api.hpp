// Matchmaking over HTTP.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/matchmaking/mode.hpp"

namespace troupe::actors {
class Asker;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

class GameTickets;

struct MatchmakingApi {
  actors::Asker& asker;
  std::vector<matchmaking::Mode> modes;
  std::vector<std::string> regions;
  std::shared_ptr<const GameTickets> tickets;
};

/// GET /api/v1/matchmaking; POST /api/v1/matchmaking/queue/token; POST, GET, DELETE
/// /api/v1/matchmaking/queue[/{ticket}]; POST …/{ticket}/accept and …/decline. References must
/// outlive the router.
void mount_matchmaking(http::Router& router, const MatchmakingApi& api);

}  // namespace troupe::api

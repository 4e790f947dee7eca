// Matches over HTTP: making, listing, joining. Play itself is UDP or WebSocket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::fleet {
class Fleet;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

class GameTickets;

struct MatchApi {
  actors::Context& context;
  actors::Asker& asker;
  std::shared_ptr<fleet::Fleet> fleet;
  std::shared_ptr<const GameTickets> tickets;
  int tick_hz = 30;
  int time_limit_s = 600;            ///< of matches whose creator does not say
  bool anonymous_spectators = true;  ///< matches are shown to anybody
};

/// POST/GET /api/v1/matches, GET /api/v1/matches/{id}, POST …/join → {host, port, ws, token,
/// player, expires_at}. References must outlive the router.
void mount_match(http::Router& router, MatchApi api);

}  // namespace troupe::api

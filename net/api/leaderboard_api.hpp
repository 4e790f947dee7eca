// Leaderboards over HTTP.
#pragma once

#include <memory>

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}
namespace troupe::leaderboard {
class Catalogue;
}

namespace troupe::api {

struct LeaderboardApi {
  actors::Context& context;
  actors::Asker& asker;
  std::shared_ptr<leaderboard::Catalogue> catalogue;
};

/// Under /api/v1/leaderboards[/{board}]: GET, and with the scope `leaderboard` PUT. Below a board:
/// GET top, rank, around, friends; with the scope POST scores and DELETE scores/{player}.
/// References must outlive the router.
void mount_leaderboard(http::Router& router, const LeaderboardApi& api);

}  // namespace troupe::api

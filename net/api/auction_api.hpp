// The ads API: campaigns under /api/v1, OpenRTB under /openrtb2.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "actors/auction/notice.hpp"

namespace troupe {
class Metrics;
}
namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::http {
class Router;
}

namespace troupe::api {

struct AuctionApi {
  actors::Context& context;
  actors::Asker& asker;
  auction::NoticeSeal seal;
  std::size_t auction_actors = 4;
  int default_tmax_ms = 100;
  int max_tmax_ms = 1'000;
  /// What nurl and burl begin with; empty: "http://" + the request's Host.
  std::string public_url;
};

/// POST/GET /api/v1/campaigns, GET/PATCH /api/v1/campaigns/{id}, GET …/stats (scope ads);
/// POST /openrtb2/auction (scope exchange); GET and POST /openrtb2/win and /openrtb2/bill (open:
/// the notice is its own proof). References must outlive the router.
void mount_auction(http::Router& router, AuctionApi api);

}  // namespace troupe::api

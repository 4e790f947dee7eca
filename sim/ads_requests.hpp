// Seeded campaigns and OpenRTB bid requests, and what a bid response must satisfy.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace troupe::sim {

/// The n-th campaign of a run: sizes, countries, prices, caps and blocks vary; every twentieth has
/// money for few impressions, so that budgets run out under load.
[[nodiscard]] boost::json::object sample_campaign(int n);

struct SampleRequest {
  std::string id;
  std::string body;  ///< JSON, imp id "1"
  double floor = 0;  ///< CPM
};
/// `no_bid_share`, 0 to 1: of the requests, for a size that no campaign has.
[[nodiscard]] SampleRequest sample_request(std::mt19937_64& random, std::uint64_t n, int tmax_ms,
                                           double no_bid_share = 0);

struct CheckedBid {
  std::string campaign;
  std::string burl_target;  ///< path and query
};
/// The bid of a 200's body; `problem` says what breaks OpenRTB 2.6 or the request.
[[nodiscard]] std::optional<CheckedBid> check_response(const SampleRequest& request,
                                                       const std::string& body,
                                                       std::string& problem);

}  // namespace troupe::sim

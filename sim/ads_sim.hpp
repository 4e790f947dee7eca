// The ad auction under load: campaigns made by the API, bid requests at a rate, notices for what
// was won.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/result.hpp"
#include "sim/endpoint.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct AdsSimOptions {
  int campaigns = 1'000;
  double rate = 300;  ///< auctions per second, open loop; 0: as fast as `connections` allow
  std::chrono::seconds duration{60};
  int connections = 64;
  double bill_share = 1.0;  ///< of the won impressions: billed
  double no_bid_share = 0;  ///< of the requests: for a size that no campaign has
  int tmax_ms = 100;
  std::uint64_t seed = 1;
  /// Called once the campaigns are there, and once the last auction was answered: for measuring the
  /// server between.
  std::function<void()> load_begins, load_ends;
};

/// Latency counts from when a request was due. Checks every response and, at the end, that each
/// campaign's spend is within its budget and holds every bill that was acknowledged. Rows:
/// "auctions", "bids", "no bids", "bills", "errors", "auctions/s"; latencies: "auction", "bill".
/// Errors: what kept it from starting.
Result<Section> run_ads(const Endpoint& endpoint, const AdsSimOptions& options, Progress& progress,
                        const std::atomic<bool>& stop);

}  // namespace troupe::sim

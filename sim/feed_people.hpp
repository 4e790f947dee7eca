// The people of the feed simulation and who of them follows whom.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "sim/endpoint.hpp"
#include "sim/feed_sim.hpp"
#include "sim/http_client.hpp"

namespace troupe::sim {

/// Who follows whom; the same seed gives the same people.
struct People {
  std::vector<std::string> ids;
  std::vector<std::vector<int>> following, followers;
  std::size_t follows = 0;
};

/// A popular few have most followers (Zipf).
[[nodiscard]] People make_people(const FeedSimOptions& options);
/// Makes their profiles and follows on the server. Errors: unavailable when one is refused.
Result<void> settle_people(const Endpoint& endpoint, const People& people,
                           const std::atomic<bool>& stop);

/// Splits [0, count) over a few threads; the first error ends them all.
Result<void> in_parallel(int count, const std::atomic<bool>& stop,
                         const std::function<Result<void>(int)>& work);
/// The error of an answer that should have been another.
[[nodiscard]] Error refused(const std::string& what, const HttpReply& reply);

}  // namespace troupe::sim

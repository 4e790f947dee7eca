// Reads timelines back: each acknowledged post must stand once on each follower's.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "sim/feed_people.hpp"
#include "sim/report.hpp"

namespace troupe::sim {

struct Acknowledged {
  std::string id;
  int author = 0;
};

/// Checks a sample of followers within `options.settle` and adds rows and failures to `section`.
/// The oldest posts of a very long run are left out: a timeline is trimmed.
void check_timelines(const Endpoint& endpoint, const FeedSimOptions& options, const People& people,
                     const std::vector<Acknowledged>& posts, const std::atomic<bool>& stop,
                     Section& section);

}  // namespace troupe::sim

// In one process, without sockets: who should run an auction, and what a changed campaign costs.
#pragma once

#include "actors/auction/run.hpp"

namespace troupe::bench {

struct ActorsMeasured {
  double per_s = 0;
  double cpu_us = 0;  ///< of the process, for each auction
  double p50_ms = 0, p99_ms = 0;
};

/// Four long-lived actors, each with the caps of its share of the users; 64 auctions in flight.
[[nodiscard]] ActorsMeasured measure_sharded(int campaigns, int seconds);
/// An actor is spawned for each auction and ends with it; the caps are in 64 shares behind locks,
/// since no actor outlives an auction to own them.
[[nodiscard]] ActorsMeasured measure_spawned(int campaigns, int seconds);

struct RebuildMeasured {
  double build_ms = 0;    ///< one index
  double visible_ms = 0;  ///< from a change to the index that holds it, the worst of some
};
[[nodiscard]] RebuildMeasured measure_rebuild(int campaigns);

}  // namespace troupe::bench

// What all viewers of one loop and session saw.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sim/histogram.hpp"

namespace troupe::sim {

/// Only touched on the loop.
struct ViewerTotals {
  Histogram delay;  ///< prft's clock → whole message received, ms
  Histogram start;  ///< begun to ask → first picture received, ms
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::uint64_t skipped = 0;  ///< chunks, as told by the server
  std::uint64_t gaps = 0;     ///< holes in a track's sequence that no `skip` explains
  std::uint64_t jumps = 0;    ///< fragments whose time is not where the one before ended
  std::uint64_t corrupt = 0;
  std::uint64_t closed = 0;  ///< connections that ended by themselves, answers that were not 200
  std::uint64_t hellos = 0;  ///< who were let in
  std::int64_t viewer_count = 0;  ///< last told
  std::map<std::string, int> close_reasons;
  bool measuring = true;  ///< Delays are recorded only while this is set (not while viewers join).

  void merge(const ViewerTotals& other);
};

}  // namespace troupe::sim

// Viewers over low-latency HLS: each asks for the next part before there is one, as players do.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/endpoint.hpp"
#include "sim/live_viewer.hpp"

namespace troupe::sim {

/// One thread with all of them, from construction to stop(). Each reads the multivariant playlist,
/// then video and sound by blocking reloads and parts, from the newest independent part on, and
/// checks that fragments are whole and follow each other. Delays are from `prft` to a part's
/// arrival: up to a part's length longer than the server took.
class HlsViewers {
 public:
  HlsViewers(const Endpoint& endpoint, const std::string& session_id, int count);
  ~HlsViewers();
  HlsViewers(const HlsViewers&) = delete;
  HlsViewers& operator=(const HlsViewers&) = delete;

  /// `hellos`: who has had a first part; `closed`: answers that were not 200, by status.
  [[nodiscard]] ViewerTotals totals();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim

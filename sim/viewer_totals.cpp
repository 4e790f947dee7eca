#include "sim/viewer_totals.hpp"

#include <algorithm>

namespace troupe::sim {

void ViewerTotals::merge(const ViewerTotals& other) {
  delay.merge(other.delay);
  start.merge(other.start);
  bytes += other.bytes;
  messages += other.messages;
  skipped += other.skipped;
  gaps += other.gaps;
  jumps += other.jumps;
  corrupt += other.corrupt;
  closed += other.closed;
  hellos += other.hellos;
  viewer_count = std::max(viewer_count, other.viewer_count);
  for (const auto& [reason, count] : other.close_reasons) close_reasons[reason] += count;
}

}  // namespace troupe::sim

// Viewers over MPEG-DASH, the usual way and with low latency.
#pragma once

#include "sim/live_viewer.hpp"

namespace troupe::sim {

/// Reads the manifest again as often as it says, and each segment that it lists, video and sound,
/// from the newest on; goes on into the next Period. Delays are from `prft` to a fragment's
/// arrival, which is with the whole of its segment. In its totals `hellos` says who has had a first
/// segment of the video, `closed` counts answers that were not 200. Drop it only when the loop has
/// stopped.
[[nodiscard]] std::shared_ptr<LiveViewer> watch_dash(boost::asio::io_context& loop,
                                                     const Endpoint& endpoint,
                                                     const std::string& session_id,
                                                     ViewerTotals& totals, Tap tap = {});

/// The same over the manifest with low latency: asks for the segment under way as soon as it may,
/// and takes its chunks as they come.
[[nodiscard]] std::shared_ptr<LiveViewer> watch_low_latency_dash(boost::asio::io_context& loop,
                                                                 const Endpoint& endpoint,
                                                                 const std::string& session_id,
                                                                 ViewerTotals& totals,
                                                                 Tap tap = {});

}  // namespace troupe::sim

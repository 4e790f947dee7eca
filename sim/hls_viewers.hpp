// Viewers over low-latency HLS: each asks for the next part before there is one, as players do.
#pragma once

#include "sim/live_viewer.hpp"

namespace troupe::sim {

/// Reads the multivariant playlist, then video and sound by blocking reloads and parts, from the
/// newest independent part on. Delays are from `prft` to a part's arrival: up to a part's length
/// longer than the server took. In its totals `hellos` says who has had a first part of the video,
/// `closed` counts answers that were not 200, by status. Drop it only when the loop has stopped.
[[nodiscard]] std::shared_ptr<LiveViewer> watch_hls(boost::asio::io_context& loop,
                                                    const Endpoint& endpoint,
                                                    const std::string& session_id,
                                                    ViewerTotals& totals, Tap tap = {});

}  // namespace troupe::sim

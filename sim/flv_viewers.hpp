// Viewers over HTTP-FLV.
#pragma once

#include "sim/live_viewer.hpp"

namespace troupe::sim {

/// Reads GET /live/{id}.flv and checks it as FlvCheck does. FLV says nothing of when a picture came
/// to the server: its totals have no delays. The tap gets the bytes as they come. Dropping it, at
/// any time, closes the connection (on the loop).
[[nodiscard]] std::shared_ptr<LiveViewer> watch_flv(boost::asio::io_context& loop,
                                                    const Endpoint& endpoint,
                                                    const std::string& session_id,
                                                    ViewerTotals& totals, Tap tap = {});

}  // namespace troupe::sim

// Many viewers on one event loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "sim/endpoint.hpp"
#include "sim/histogram.hpp"

namespace troupe::sim {

/// What all viewers of one loop saw. Only touched on the loop.
struct ViewerTotals {
  Histogram delay;  ///< prft's clock → whole message received, ms
  Histogram start;  ///< begun to connect → first picture received, ms
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::uint64_t skipped = 0;  ///< chunks, as told by the server
  std::uint64_t gaps = 0;     ///< holes in a track's sequence that no `skip` explains
  std::uint64_t corrupt = 0;
  std::uint64_t closed = 0;  ///< connections that ended by themselves
  std::uint64_t hellos = 0;
  std::int64_t viewer_count = 0;  ///< last told
  std::map<std::string, int> close_reasons;
  bool measuring = true;  ///< Delays are recorded only while this is set (not while viewers join).
};

/// Starts a viewer on `loop`. `tap`, when given, gets the payload of each binary message. The
/// returned handle keeps it: dropping it closes the connection (on the loop).
struct LiveViewer {
  virtual ~LiveViewer() = default;
};
[[nodiscard]] std::shared_ptr<LiveViewer> watch(boost::asio::io_context& loop,
                                                const Endpoint& endpoint,
                                                const std::string& session_id, ViewerTotals& totals,
                                                std::function<void(std::string_view)> tap = {});

}  // namespace troupe::sim

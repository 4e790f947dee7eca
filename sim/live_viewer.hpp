// A viewer of a session on an event loop.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "sim/endpoint.hpp"
#include "sim/stream_check.hpp"

namespace troupe::sim {

/// Keeps a viewer. Drop it once its loop has stopped; `watch` says what else is allowed.
struct LiveViewer {
  virtual ~LiveViewer() = default;
};

/// Has a `Viewer` stop() on its loop when it is dropped, at any time.
template <class Viewer>
class StoppedOnLoop final : public LiveViewer {
 public:
  StoppedOnLoop(boost::asio::io_context& loop, std::shared_ptr<Viewer> viewer)
      : loop_(loop), viewer_(std::move(viewer)) {}
  ~StoppedOnLoop() override {
    boost::asio::post(loop_, [viewer = viewer_] { viewer->stop(); });
  }

 private:
  boost::asio::io_context& loop_;
  std::shared_ptr<Viewer> viewer_;
};

/// Starts a viewer of `session_id` on `loop`, whatever it watches over.
using Watch = std::shared_ptr<LiveViewer> (*)(boost::asio::io_context& loop,
                                              const Endpoint& endpoint,
                                              const std::string& session_id, ViewerTotals& totals,
                                              Tap tap);

/// Over WebSocket. Dropping it, at any time, closes the connection (on the loop).
[[nodiscard]] std::shared_ptr<LiveViewer> watch(boost::asio::io_context& loop,
                                                const Endpoint& endpoint,
                                                const std::string& session_id, ViewerTotals& totals,
                                                Tap tap = {});

}  // namespace troupe::sim

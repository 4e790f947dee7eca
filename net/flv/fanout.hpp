// Live sessions to players of FLV, over HTTP and WebSocket: one hub per I/O thread writes the same
// bytes to all its viewers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "media/chunk.hpp"
#include "net/flv/channel.hpp"
#include "net/ws/hub.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe {
class Metrics;
}

namespace troupe::flv {

struct Limits {
  ChannelLimits channel;
  ws::FanoutLimits fanout;
  /// Viewers are let go when nobody has published for so long.
  std::chrono::seconds max_pause{60};
};

/// Thread-safe. Chunks of one session come in by one thread at a time, those of its renditions by
/// others.
class Fanout {
 public:
  /// What `audiences` counts are viewers of the session whatever they watch by.
  Fanout(std::vector<boost::asio::io_context*> loops, Metrics& metrics, ws::Fanout& audiences,
         Limits limits = {});
  ~Fanout();
  /// As ws::Fanout::close.
  void close();

  /// What is to be followed.
  [[nodiscard]] ws::FanoutFollower follower();

  /// Whether the session can be watched so. Errors: unavailable, unsupported, not_found,
  /// overloaded.
  [[nodiscard]] Result<void> check(const std::string& id, const std::string& rendition) const;
  /// To be called on the session's loop. The returned function makes it leave: call it once, in
  /// on_close, on the same loop. Errors: as check.
  Result<std::function<void()>> join(const std::string& id,
                                     const std::shared_ptr<ws::Session>& session,
                                     const std::string& rendition, Framing framing);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::flv

// Fan-out where only the newest counts: each message stands alone, so whoever is slow just misses
// some.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/ws/session.hpp"

namespace boost::asio {
class io_context;
}
namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace troupe::ws {

struct BroadcastLimits {
  std::size_t max_members_per_room = 1'000;
  std::size_t max_queued_bytes = 16U << 10;  ///< A member with more unsent misses the next message.
};
struct BroadcastMetrics {
  prometheus::Gauge& members;
  prometheus::Counter& missed;  ///< messages not sent to slow members
};

/// Rooms of sessions, each session served by its own loop: a message costs one task a loop, however
/// many members there are. Thread-safe.
class Broadcast {
 public:
  Broadcast(std::vector<boost::asio::io_context*> loops, BroadcastMetrics metrics,
            BroadcastLimits limits = {});
  ~Broadcast();
  /// Lets go of the loops: once they have ended, before they are destroyed. Then all is ignored.
  void close();

  /// To be called on the session's loop. The returned function makes it leave: call it once, in
  /// on_close. Errors: overloaded.
  Result<std::function<void()>> join(const std::string& room,
                                     const std::shared_ptr<Session>& session);
  [[nodiscard]] std::size_t members(const std::string& room) const;

  void publish(const std::string& room, Frame frame);
  /// The last message of the room, for slow members too, then a close.
  void end(const std::string& room, Frame last);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::ws

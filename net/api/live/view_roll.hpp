// Who watches over connections that stay open: so that they are let go when they may not any more.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "net/api/live/access.hpp"

namespace boost::asio {
class io_context;
}

namespace troupe::api {

/// Players that ask for playlists are judged with each request; these would be judged but once.
/// Thread-safe.
class ViewRoll {
 public:
  /// `loop` looks for links that have expired, once a second.
  ViewRoll(boost::asio::io_context& loop, std::shared_ptr<const ViewGate> gate);
  ~ViewRoll();
  /// Lets go of the loop: call it once that has ended and before it is destroyed.
  void close();

  /// Somebody whom live_access let in. `cut` is called, on any thread, when the link has expired or
  /// the session asks for what this viewer has not: at once, if it has come to ask for it
  /// meanwhile. Until the returned function is called.
  [[nodiscard]] std::function<void()> enter(std::string session, Visitor visitor,
                                            const Viewing& viewing,
                                            std::function<void(const Refusal&)> cut);
  /// What `session` asks of viewers is another thing now: they are judged with the next look.
  void judge_again(const std::string& session);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::api

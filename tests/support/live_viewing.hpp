// A publisher and viewers of a LiveServer, as tests of several features need them.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include <boost/json.hpp>

#include "tests/support/live_server.hpp"
#include "tests/support/ws_viewing.hpp"

namespace troupe::test {

/// Two seconds, for tests to which it is all the same what is shown. Encoded once.
inline const Clip& usual_clip() {
  static const Clip made = make_clip({});
  return made;
}

/// A publisher on its own thread.
class OnAir {
 public:
  OnAir(LiveServer& server, const MadeSession& session, const Clip& clip)
      : publisher_(std::move(*server.gateway().publish(session.id, session.key))) {
    thread_ = std::thread([this, &clip] { replay(clip, *publisher_, stop_); });
  }
  ~OnAir() {
    stop_ = true;
    thread_.join();
  }
  OnAir(const OnAir&) = delete;
  OnAir& operator=(const OnAir&) = delete;

 private:
  std::unique_ptr<api::LivePublisher> publisher_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

inline bool is_type(const sim::WsMessage& message, const char* type) {
  return message.text && boost::json::parse(message.bytes).at("type").as_string() == type;
}

inline sim::WsClient join(LiveServer& server, const std::string& id, const std::string& token = {},
                          const std::string& query = {}) {
  return std::move(*sim::WsClient::connect("127.0.0.1", server.endpoint().http_port,
                                           "/live/" + id + "/ws" + query, token));
}

}  // namespace troupe::test

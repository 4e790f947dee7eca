// The live half of a server in this process: store, actors, HTTP, and a publisher that replays a
// clip.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/live/messages.hpp"
#include "net/api/live/gateway.hpp"
#include "sim/endpoint.hpp"
#include "tests/support/live_replay.hpp"

namespace troupe::test {

class LiveServer {
 public:
  /// `web_dir`: pages to serve; empty: none.
  explicit LiveServer(std::size_t io_threads = 1, const std::string& web_dir = {},
                      const media::LadderOptions& ladder = {});
  struct Setup {
    std::size_t io_threads = 1;
    std::string web_dir;
    std::string data_dir;    ///< that outlives it; empty: one of its own
    std::uint16_t port = 0;  ///< 0: a free one
    std::string tls_certificate, tls_key;
    std::function<void(api::LiveGatewayOptions&)> change;  ///< has the last word
  };
  explicit LiveServer(const Setup& setup);
  ~LiveServer();

  [[nodiscard]] sim::Endpoint endpoint() const;
  [[nodiscard]] api::LiveGateway& gateway();
  /// Kills the session's actor.
  void crash(const std::string& id);
  [[nodiscard]] std::string metrics() const;
  /// Types and payloads of the first thousand events.
  [[nodiscard]] std::string journal() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

/// A token that every LiveServer takes, also one in another process.
[[nodiscard]] std::string live_token(const std::string& subject, const std::string& scopes = "");

struct MadeSession {
  std::string id;
  std::string key;
};
/// POST /api/v1/live. Throws when that fails.
MadeSession make_session(const sim::Endpoint& endpoint, const std::string& owner = "alice");

/// Plays `clip` into `publisher` in real time on the calling thread until `stop`.
void replay(const Clip& clip, api::LivePublisher& publisher, const std::atomic<bool>& stop);

}  // namespace troupe::test

// The composition root: everything that `troupe serve` runs, built in order and stopped in reverse.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "server/config.hpp"

namespace troupe::server {

/// Where a running server can be reached.
struct Addresses {
  std::string http;  ///< "http://127.0.0.1:8080"
  std::uint16_t http_port = 0;
  std::uint16_t game_port = 0;  ///< 0: off
  std::uint16_t srt_port = 0;   ///< 0: off
  std::uint16_t rtmp_port = 0;  ///< 0: off
};

class App {
 public:
  /// Opens the store, spawns the supervision tree and starts to listen. `on_failure` is called,
  /// once and on an actor's thread, when a domain cannot be kept up: stop then. Errors: io,
  /// corrupt, invalid_argument.
  static Result<std::unique_ptr<App>> start(const Config& config, std::function<void()> on_failure);
  /// Drains (see `stop`) if that has not happened.
  ~App();

  [[nodiscard]] const Addresses& addresses() const noexcept;
  /// /readyz fails from here on, new matches are refused; waits until those that go on have ended,
  /// at most match.drain_s. All else is served meanwhile.
  void drain();
  /// /readyz fails from here on; requests in flight are answered, WebSockets told 1001, entities
  /// passivated, writes flushed. Takes at most about 20 s.
  void stop();

 private:
  struct Impl;
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::server

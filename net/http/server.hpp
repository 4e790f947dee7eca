// The HTTP server: connections with limits on everything, TLS when configured, upgrades to
// WebSocket.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/jwt.hpp"
#include "base/result.hpp"
#include "base/token_bucket.hpp"
#include "net/http/address_range.hpp"
#include "net/http/router.hpp"
#include "net/ws/session.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::http {

class IoPool;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;    ///< 0: any free one
  std::string tls_certificate;  ///< PEM chain; TLS 1.2 and up when set
  std::string tls_key;
  std::size_t max_header_bytes = 16U << 10;
  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 10'000;
  std::size_t max_requests_per_connection = 10'000;  ///< The last is answered `Connection: close`.
  std::chrono::milliseconds header_timeout{
      10'000};  ///< From the first byte of a request to the end of its header; then 408.
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{60'000};   ///< Between two requests.
  std::chrono::milliseconds write_timeout{30'000};  ///< Without a client taking anything.
  /// Peers whose X-Forwarded-For says whose requests they bring.
  std::vector<AddressRange> trusted_proxies = {};
  RateLimit rate_limit{};  ///< Per address; off by default.
  /// Whether to take on a request of this priority now; if given, called on the I/O threads.
  std::function<bool(Priority)> admit = {};
  JwtKey token_key;
  std::string audience = "troupe";
  bool access_log = false;
  ws::SessionLimits ws_limits{};
};

/// Thread-safe after construction.
class Server {
 public:
  Server(IoPool& io, const Router& router, Metrics& metrics, ServerOptions options);
  ~Server();

  /// Binds and starts to accept. Errors: io (address in use, bad certificate).
  Result<void> start();
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Stops accepting, answers what is in flight with `Connection: close`, closes idle connections
  /// and tells WebSockets 1001; then waits up to `timeout` for the rest. Returns how many
  /// connections were cut.
  std::size_t drain(std::chrono::milliseconds timeout);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::http

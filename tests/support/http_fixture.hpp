// An HTTP server in this process with routes of the test, and a raw socket to talk to it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/server.hpp"

namespace troupe::test {

class HttpFixture {
 public:
  /// Listens on a free port of 127.0.0.1; `mount` adds the routes, `change` the options (the token
  /// key is set).
  explicit HttpFixture(const std::function<void(http::Router&)>& mount,
                       const std::function<void(http::ServerOptions&)>& change = {});

  [[nodiscard]] http::Server& server() noexcept { return *server_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return server_->port(); }
  [[nodiscard]] static std::string token(const std::string& subject, const std::string& scope = {});

 private:
  Metrics metrics_;
  http::Router router_;
  http::IoPool io_{2};
  std::unique_ptr<http::Server> server_;
};

/// A blocking TCP connection that sends just the bytes it is given. Reads give up after 10 s.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port);
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;

  void send(std::string_view bytes) const;
  /// Reads until `text` has arrived or the server has closed; all that has been read so far.
  std::string until(std::string_view text);
  /// Reads `size` bytes more, or fewer when the server closes.
  std::string read(std::size_t size);
  /// Reads until the server closes; false when it did not within 10 s.
  bool closed();
  /// Whether it was cut off (RST) when it closed.
  [[nodiscard]] bool was_reset() const noexcept { return reset_; }
  [[nodiscard]] const std::string& seen() const noexcept { return seen_; }

 private:
  bool more();
  int fd_ = -1;
  bool reset_ = false;
  std::string seen_;
};

/// The bytes of a request without body.
[[nodiscard]] std::string get(std::string_view target, std::string_view headers = {});
/// The bytes of a POST with a JSON body.
[[nodiscard]] std::string post(std::string_view target, std::string_view body,
                               std::string_view headers = {});

}  // namespace troupe::test

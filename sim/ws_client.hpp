// A blocking WebSocket client for tests and simple simulated people.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::sim {

struct WsMessage {
  bool text = false;
  std::string bytes;
};

/// Not thread-safe.
class WsClient {
 public:
  /// Errors: io; unauthenticated/forbidden/… from the HTTP status of a refused upgrade.
  static Result<WsClient> connect(const std::string& host, std::uint16_t port,
                                  const std::string& target, const std::string& bearer_token = {});
  ~WsClient();
  WsClient(WsClient&&) noexcept;

  Result<void> send_text(std::string_view text);
  Result<void> send_binary(std::string_view bytes);
  /// The next message. Errors: timeout (call again), io (closed: `close_code()` tells).
  Result<WsMessage> receive(std::chrono::milliseconds timeout);
  [[nodiscard]] std::uint16_t close_code() const noexcept;
  void close();

 private:
  struct Impl;
  explicit WsClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim

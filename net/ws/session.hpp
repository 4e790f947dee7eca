// One WebSocket connection after its handshake (RFC 6455), server side.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::ws {

/// The bytes of one complete server-to-client frame, header included (server frames are unmasked,
/// so all receivers share them). Build once, send to thousands.
using Frame = std::shared_ptr<const std::string>;
[[nodiscard]] Frame text_frame(std::string_view text);
[[nodiscard]] Frame binary_frame(std::string_view bytes);

struct SessionLimits {
  std::size_t max_message_bytes = 64U << 10;  ///< From the client; beyond it: close 1009.
  std::size_t max_queued_bytes =
      8U << 20;  ///< To the client; beyond it send() refuses and the caller's policy acts.
  std::size_t max_queued_frames = 4'096;
  std::uint32_t ping_interval_ms = 20'000;  ///< Closed when no pong came for two intervals.
};

/// All members may be called from any thread; callbacks run on the session's strand. Setting
/// callbacks is only allowed in the WsHandler. Callbacks are dropped after on_close ran, which
/// breaks reference cycles.
class Session : public std::enable_shared_from_this<Session> {
 public:
  virtual ~Session() = default;

  /// Queues a frame without copying it. False when the queue is at its bound or the session is
  /// closing: nothing was queued, and the caller applies its policy (skip, drop, close).
  virtual bool send(Frame frame) = 0;
  /// Bytes and frames that were queued and not yet handed to the kernel.
  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;
  /// Sends a close frame (RFC 6455 section 7.4 codes; 4000–4999 are ours, docs/errors.md) after
  /// what is queued, then closes. `reason` at most 123 bytes.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;

  virtual void on_message(std::function<void(std::string_view bytes, bool is_text)> callback) = 0;
  virtual void on_close(std::function<void()> callback) = 0;
  /// Runs when the queue has drained to empty after a refused send.
  virtual void on_drained(std::function<void()> callback) = 0;

  [[nodiscard]] virtual std::uint64_t id() const noexcept = 0;

  /// Runs `task` on the session's event loop. Tasks of one session run one after the other.
  virtual void post(std::function<void()> task) = 0;
  /// Names the event loop: sessions with the same value share a thread. For fan-out hubs.
  [[nodiscard]] virtual const void* loop() const noexcept = 0;
};

/// The close code for an Error: 4000 + its ErrorCode value; 1013 (try again later) for overloaded.
[[nodiscard]] std::uint16_t close_code(ErrorCode code) noexcept;

}  // namespace troupe::ws

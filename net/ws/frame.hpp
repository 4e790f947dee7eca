// WebSocket frames (RFC 6455 section 5), both ways, as pure functions: no socket, no clock.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace troupe::ws {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

/// A whole, final, unmasked frame as a server sends it.
[[nodiscard]] std::string encode_frame(Opcode opcode, std::string_view payload);
/// The payload of a close frame.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);

/// Whether `text` is valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

/// Reassembles the messages of one client from bytes in any portions. Memory is bounded by
/// `max_message_bytes`.
class FrameParser {
 public:
  explicit FrameParser(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  struct Sink {
    std::function<void(std::string_view bytes, bool is_text)> message;
    std::function<void(std::string_view payload)> ping;
    std::function<void(std::string_view payload)> pong;
    /// The peer's close code, 1005 when it gave none (section 7.1.5).
    std::function<void(std::uint16_t code)> close;
  };

  /// Consumes `bytes`. Returns 0, or the close code that the peer has earned: 1002 protocol error,
  /// 1007 invalid UTF-8, 1009 too big. After that, or after a close frame, nothing more is parsed.
  [[nodiscard]] std::uint16_t feed(std::string_view bytes, const Sink& sink);

 private:
  std::uint16_t read_header(std::string_view& bytes);
  std::uint16_t check_header() const;
  std::uint16_t finish_frame(const Sink& sink);
  std::uint16_t finish_control(const Sink& sink);

  const std::size_t max_message_bytes_;
  std::string header_;  ///< bytes of the header so far
  bool in_payload_ = false;
  bool done_ = false;
  bool final_ = false;
  Opcode opcode_ = Opcode::continuation;
  std::uint64_t left_ = 0;  ///< payload bytes that are still to come
  unsigned char mask_[4] = {};
  std::size_t mask_at_ = 0;
  std::string message_;  ///< data frames so far
  bool message_open_ = false;
  bool message_text_ = false;
  std::string control_;
};

}  // namespace troupe::ws

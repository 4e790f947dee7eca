// A piece of an FLV stream as it goes to sockets: made once, shared by all viewers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>

#include "media/flv/stream.hpp"
#include "net/ws/session.hpp"

namespace troupe::flv {

/// How a viewer gets the bytes.
enum class Framing : std::uint8_t {
  plain,     ///< the body of an HTTP response
  websocket  ///< each piece a binary message
};

/// Immutable to whoever looks; the WebSocket's frame is made when first asked for. Thread-safe.
class SharedBytes {
 public:
  SharedBytes(std::string bytes)  // NOLINT(google-explicit-constructor)
      : plain_(std::make_shared<const std::string>(std::move(bytes))) {}

  [[nodiscard]] const ws::Frame& frame(Framing framing) const {
    if (framing == Framing::plain) return plain_;
    std::call_once(once_, [&] { websocket_ = ws::binary_frame(*plain_); });
    return websocket_;
  }
  [[nodiscard]] std::size_t size() const noexcept { return plain_->size(); }

 private:
  const ws::Frame plain_;
  mutable std::once_flag once_;
  mutable ws::Frame websocket_;
};

struct SharedSetup {
  SharedBytes opening, change;
};
using SharedSetupPtr = std::shared_ptr<const SharedSetup>;

struct SharedPiece {
  std::uint64_t number = 0;  ///< counted on, in its channel
  bool key = false;
  SharedSetupPtr setup;
  std::chrono::steady_clock::time_point completed;
  SharedBytes bytes;
};
using SharedPiecePtr = std::shared_ptr<const SharedPiece>;

}  // namespace troupe::flv

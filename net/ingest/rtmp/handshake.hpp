// The server's side of RTMP's handshake (Adobe RTMP 1.0, section 5.2). Pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "net/ingest/rtmp/bytes.hpp"

namespace troupe::ingest::rtmp {

inline constexpr std::uint8_t kVersion = 3;            ///< section 5.2.2
inline constexpr std::size_t kHandshakeBytes = 1'536;  ///< C1, S1, C2, S2: section 5.2.3
inline constexpr std::size_t kHandshakeRandom = 1'528;

/// The plain handshake. S1 names no version of a Flash server, so encoders do not try the signed
/// one.
class Handshake {
 public:
  /// `random`: kHandshakeRandom bytes.
  explicit Handshake(std::string random) : random_(std::move(random)) {}

  /// Takes bytes from the front of `in` and appends to `out` what is to be sent. Returns how many
  /// it took: less than all only once it is done. Errors: unsupported (another version).
  Result<std::size_t> feed(Bytes in, std::string& out);
  [[nodiscard]] bool done() const noexcept { return done_; }

 private:
  std::string random_;
  std::string held_;  ///< of C0+C1, then of C2
  bool answered_ = false;
  bool done_ = false;
};

}  // namespace troupe::ingest::rtmp

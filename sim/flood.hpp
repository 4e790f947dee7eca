// Hostile datagrams at a game port, by a seed: what a flooder without any account can send.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::sim {

enum class FloodKind : std::uint8_t {
  garbage,   ///< random bytes
  connects,  ///< ENet CONNECTs that are never finished, each from what looks like a new client
  sessions,  ///< packets that look like those of others' sessions
  mixed,     ///< all of these
};
/// "garbage", "connects", "sessions", "mixed". Errors: invalid_argument.
[[nodiscard]] Result<FloodKind> parse_flood_kind(std::string_view name);
[[nodiscard]] std::string_view to_string(FloodKind kind) noexcept;

/// The `number`-th datagram of a flood.
[[nodiscard]] std::vector<std::uint8_t> flood_datagram(FloodKind kind, std::uint64_t seed,
                                                       std::uint64_t number);

struct FloodOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string from = "127.0.0.2";  ///< the sender's address; Linux has all of 127/8 on loopback
  FloodKind kind = FloodKind::mixed;
  double per_second = 20'000;
  int sockets = 16;  ///< ports that it comes from
  std::uint64_t seed = 1;
};

/// A thread that sends until it is destroyed.
class Flood {
 public:
  /// Errors: invalid_argument (an address), io.
  static Result<std::unique_ptr<Flood>> start(FloodOptions options);
  ~Flood();
  [[nodiscard]] std::uint64_t sent() const noexcept;

 private:
  struct Impl;
  explicit Flood(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim

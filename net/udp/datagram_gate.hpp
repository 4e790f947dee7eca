// Which of the datagrams at the game port ENet is to see: pure, before any state is made for them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "base/token_bucket.hpp"

namespace troupe::udp {

/// What a datagram says it is, by its first bytes (ENet 1.3, enet/protocol.h).
struct DatagramHead {
  enum class Kind : std::uint8_t {
    junk,     ///< ENet would not take it either
    connect,  ///< asks for a session
    session,  ///< of the session `peer`
  };
  Kind kind = Kind::junk;
  std::uint16_t peer = 0;
  friend bool operator==(const DatagramHead&, const DatagramHead&) = default;
};
[[nodiscard]] DatagramHead read_datagram_head(std::span<const std::uint8_t> bytes) noexcept;

enum class DatagramVerdict : std::uint8_t {
  pass,
  junk,
  no_session,         ///< of a session that is over, or never was
  others_session,     ///< of a session of another address
  address_rate,       ///< more than the address's clients can have to say
  connect_rate,       ///< more connections than one address may ask for
  half_open_address,  ///< so many of the address have begun and not finished
  half_open,          ///< so many in all
};
inline constexpr std::size_t kDatagramVerdicts = 8;
[[nodiscard]] std::string_view to_string(DatagramVerdict verdict) noexcept;

struct GateLimits {
  /// Datagrams of an address without clients, and for each client that it has. A client of 120
  /// packets a second sends fewer datagrams than that, acknowledgements included.
  RateLimit stranger{1'000, 4'000};
  RateLimit client{300, 600};
  /// Connections that one address asks for: retransmissions count, so it is above the door's.
  RateLimit connects{200, 4'000};
  std::size_t half_open_per_address = 128;
  /// Told apart, beside those with clients; what comes from more shares one rate.
  std::size_t max_addresses = 16'384;
};

/// Belongs to the gateway's thread. Addresses are IPv4.
class DatagramGate {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  explicit DatagramGate(GateLimits limits);

  /// Whether a datagram of this address is within its rate and, if it asks for a session, may have
  /// one. The sessions themselves are the caller's to look at.
  [[nodiscard]] DatagramVerdict judge(DatagramHead::Kind kind, std::uint32_t address,
                                      TimePoint now);

  /// Both for each client: an address that has one is told apart from all others.
  void client_came(std::uint32_t address, TimePoint now);
  void client_left(std::uint32_t address);

  /// What the caller found half open, address by address, and how many more there may be until it
  /// looks again.
  void begin_round(std::size_t room);
  void half_open_at(std::uint32_t address);
  /// Sessions were asked for since begin_round().
  [[nodiscard]] bool asked() const noexcept { return asked_; }

 private:
  struct Address {
    double tokens = 0, connect_tokens = 0;
    TimePoint at{}, connect_at{};
    std::size_t clients = 0;
    std::size_t half_open = 0;
    std::uint64_t round = 0;  ///< that `half_open` is of
  };
  [[nodiscard]] Address& find(std::uint32_t address, TimePoint now);
  [[nodiscard]] Address& remember(std::uint32_t address, TimePoint now);
  void forget_idle(TimePoint now);
  [[nodiscard]] bool take(Address& address, TimePoint now) const;
  [[nodiscard]] bool take_connect(Address& address, TimePoint now) const;
  [[nodiscard]] std::size_t& half_open_of(Address& address) const;

  GateLimits limits_;
  std::unordered_map<std::uint32_t, Address> addresses_;
  Address crowd_;  ///< all for whom there is no place in addresses_
  TimePoint forget_again_{};
  std::uint64_t round_ = 1;
  std::size_t room_ = 0;
  bool asked_ = false;
};

}  // namespace troupe::udp

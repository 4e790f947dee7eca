// The least that a game server on one UDP port can cost: it takes a datagram of each client and
// sends it one, twenty times a second, and does nothing with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace troupe::bench {

/// As ENet carries a command packet and a snapshot of the scenario in match_peers.cpp.
inline constexpr std::size_t kBareInBytes = 100, kBareOutBytes = 40;

/// A child process: serves on `port` of 127.0.0.1 until it is killed. Rooms of ten are due one
/// after the other, as matches are. Reads and writes many datagrams a system call.
[[noreturn]] void serve_bare_udp(std::uint16_t port, int hz);

struct BareLoad {
  std::uint64_t sent = 0, received = 0;
};
/// `clients` sockets that each send `hz` datagrams a second: for a second unseen, then `seconds`
/// between the calls of `begins` and `ends`. Throws when there are no sockets.
BareLoad load_bare_udp(std::uint16_t port, int clients, int hz, int seconds,
                       const std::function<void()>& begins, const std::function<void()>& ends);

}  // namespace troupe::bench

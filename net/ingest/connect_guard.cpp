#include "net/ingest/connect_guard.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {
thread_local bool guarded = false;
}

/// The C library's, for everything that is linked dynamically into this program too.
extern "C" int connect(int socket, const sockaddr* address, socklen_t size) {
  const bool whole = address != nullptr && size >= sizeof(sa_family_t);
  if (guarded && (!whole || troupe::ingest::is_private_address(*address))) {
    errno = EACCES;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_connect, socket, address, size));
}

namespace troupe::ingest {
namespace {

struct Network {
  std::uint32_t address;
  unsigned bits;
};
constexpr std::uint32_t ip(unsigned a, unsigned b, unsigned c) {
  return a << 24 | b << 16 | c << 8;
}

// RFC 6890 and the registry that follows it.
constexpr std::array kPrivate{
    Network{ip(0, 0, 0), 8},      Network{ip(10, 0, 0), 8},     Network{ip(100, 64, 0), 10},
    Network{ip(127, 0, 0), 8},    Network{ip(169, 254, 0), 16}, Network{ip(172, 16, 0), 12},
    Network{ip(192, 0, 0), 24},   Network{ip(192, 0, 2), 24},   Network{ip(192, 88, 99), 24},
    Network{ip(192, 168, 0), 16}, Network{ip(198, 18, 0), 15},  Network{ip(198, 51, 100), 24},
    Network{ip(203, 0, 113), 24}, Network{ip(224, 0, 0), 3}};

bool is_private(std::uint32_t address) {
  for (const auto& network : kPrivate) {
    if ((address ^ network.address) >> (32 - network.bits) == 0) return true;
  }
  return false;
}

std::uint32_t word(const in6_addr& address, unsigned at) {
  std::uint32_t out = 0;
  std::memcpy(&out, address.s6_addr + at, sizeof out);
  return ntohl(out);
}

bool is_private(const in6_addr& address) {
  const auto first = word(address, 0);
  const bool low = first == 0 && word(address, 4) == 0;
  // ::, ::1, and IPv4 in its two dresses.
  if (low && (word(address, 8) == 0 || word(address, 8) == 0xFFFF)) {
    const auto last = word(address, 12);
    return last <= 1 || is_private(last);
  }
  constexpr std::uint32_t kNat64 = 0x0064FF9B;
  if (first == kNat64) return is_private(word(address, 12));
  constexpr std::uint32_t k6to4 = 0x2002;
  if (first >> 16 == k6to4) return is_private(word(address, 2));
  constexpr std::uint32_t kGlobalUnicast = 1;  // 2000::/3: all else is not for the public
  constexpr std::uint32_t kDocumentation = 0x20010DB8, kTeredo = 0x20010000;
  return first >> 29 != kGlobalUnicast || first == kDocumentation || first == kTeredo;
}

}  // namespace

bool is_private_address(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET)
    return is_private(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  if (address.sa_family == AF_INET6)
    return is_private(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  // AF_UNSPEC only takes a datagram socket's peer away.
  return address.sa_family != AF_UNSPEC;
}

ConnectGuard::ConnectGuard(bool private_addresses_allowed) noexcept {
  guarded = !private_addresses_allowed;
}
ConnectGuard::~ConnectGuard() {
  guarded = false;
}

Result<std::string> reachable_address(const std::string& host, bool private_addresses_allowed) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0)
    return error(ErrorCode::io, "the host has no address");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  for (const auto* one = list.get(); one != nullptr; one = one->ai_next) {
    if (!private_addresses_allowed && is_private_address(*one->ai_addr)) continue;
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
      return std::string(text.data());
  }
  return error(ErrorCode::forbidden, "the address is private");
}

}  // namespace troupe::ingest

// Keeps libraries that open connections by themselves off addresses that are not theirs to reach.
#pragma once

#include <string>

#include <sys/socket.h>

#include "base/result.hpp"

namespace troupe::ingest {

/// Loopback, private, link-local, shared, multicast and reserved addresses (RFC 6890), also behind
/// those that carry an IPv4 address.
[[nodiscard]] bool is_private_address(const sockaddr& address) noexcept;

/// While one lives, `connect` of this thread to a private address fails with EACCES, whoever calls
/// it: after redirects, after another look at DNS, in the midst of a library. Not nested.
class ConnectGuard {
 public:
  explicit ConnectGuard(bool private_addresses_allowed) noexcept;
  ~ConnectGuard();
  ConnectGuard(const ConnectGuard&) = delete;
  ConnectGuard& operator=(const ConnectGuard&) = delete;
};

/// The first address of `host` that may be reached, as text, for protocols without `connect`.
/// Blocks on DNS. Errors: io (it has none), forbidden (private).
[[nodiscard]] Result<std::string> reachable_address(const std::string& host,
                                                    bool private_addresses_allowed);

}  // namespace troupe::ingest

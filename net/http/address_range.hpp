// Ranges of IP addresses, as "203.0.113.0/24", "2001:db8::/32" or one address.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/result.hpp"

namespace troupe::http {

/// IPv6 addresses that hold an IPv4 one (::ffff:0:0/96) count as that.
class AddressRange {
 public:
  /// Errors: invalid_argument.
  static Result<AddressRange> parse(std::string_view text);

  [[nodiscard]] bool holds(const boost::asio::ip::address& address) const;
  /// False when `address` is none.
  [[nodiscard]] bool holds(std::string_view address) const;
  /// "203.0.113.0/24"; one address without its length.
  [[nodiscard]] std::string to_string() const;

 private:
  boost::asio::ip::address network_;
  unsigned bits_ = 0;  ///< that count
};

/// By comma, with or without spaces; an empty text holds none. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<AddressRange>> parse_address_ranges(std::string_view text);

/// Whose request it is: `peer`, unless that is a trusted proxy; then the right-most address of
/// `forwarded_for` (X-Forwarded-For) that is none. What stands left of that anybody could have
/// written. Of garbage there the proxy before it is taken.
[[nodiscard]] std::string client_address(const std::string& peer, std::string_view forwarded_for,
                                         const std::vector<AddressRange>& trusted);

}  // namespace troupe::http

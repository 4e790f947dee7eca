#include "net/http/address_range.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::http {
namespace {

namespace ip = boost::asio::ip;

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

template <class Bytes>
bool same_start(const Bytes& a, const Bytes& b, unsigned bits) {
  const auto whole = bits / 8, rest = bits % 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF00U >> rest);
  return (a[whole] & mask) == (b[whole] & mask);
}

/// "203.0.113.7", or with a port as some proxies write: "203.0.113.7:1234", "[2001:db8::1]:1234".
ip::address read_address(std::string_view text, boost::system::error_code& ec) {
  auto bare = text;
  if (bare.starts_with('[')) {
    bare.remove_prefix(1);
    bare = bare.substr(0, bare.find(']'));
  } else if (std::ranges::count(bare, ':') == 1) {
    bare = bare.substr(0, bare.find(':'));
  }
  return unmapped(ip::make_address(std::string(bare), ec));
}

bool is_trusted(const ip::address& address, const std::vector<AddressRange>& trusted) {
  return std::ranges::any_of(trusted,
                             [&](const AddressRange& range) { return range.holds(address); });
}

}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  boost::system::error_code ec;
  AddressRange out;
  const auto address = ip::make_address(std::string(text.substr(0, slash)), ec);
  const auto bad = [&] {
    return error(ErrorCode::invalid_argument,
                 "not an address or a range of them: " + std::string(text.substr(0, 64)));
  };
  if (ec || (address.is_v6() && address.to_v6().scope_id() != 0)) return bad();
  out.network_ = unmapped(address);
  const unsigned most = out.network_.is_v4() ? 32 : 128;
  out.bits_ = most;
  if (slash == std::string_view::npos) return out;
  const auto length = text.substr(slash + 1);
  const auto [end, problem] =
      std::from_chars(length.data(), length.data() + length.size(), out.bits_);
  if (problem != std::errc() || end != length.data() + length.size()) return bad();
  if (address.is_v6() && out.network_.is_v4()) {
    if (out.bits_ < 96) return bad();
    out.bits_ -= 96;
  }
  if (out.bits_ > most) return bad();
  return out;
}

bool AddressRange::holds(const ip::address& address) const {
  const auto other = unmapped(address);
  if (other.is_v4() != network_.is_v4()) return false;
  return other.is_v4() ? same_start(network_.to_v4().to_bytes(), other.to_v4().to_bytes(), bits_)
                       : same_start(network_.to_v6().to_bytes(), other.to_v6().to_bytes(), bits_);
}

bool AddressRange::holds(std::string_view address) const {
  boost::system::error_code ec;
  const auto parsed = ip::make_address(std::string(address), ec);
  return !ec && holds(parsed);
}

std::string AddressRange::to_string() const {
  const unsigned most = network_.is_v4() ? 32 : 128;
  auto out = network_.to_string();
  if (bits_ < most) out += "/" + std::to_string(bits_);
  return out;
}

Result<std::vector<AddressRange>> parse_address_ranges(std::string_view text) {
  std::vector<AddressRange> out;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    auto range = AddressRange::parse(trimmed(text.substr(0, comma)));
    if (!range.ok()) return range.error();
    out.push_back(*range);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

std::string client_address(const std::string& peer, std::string_view forwarded_for,
                           const std::vector<AddressRange>& trusted) {
  boost::system::error_code ec;
  auto last = read_address(peer, ec);
  if (ec) return peer;
  while (is_trusted(last, trusted) && !forwarded_for.empty()) {
    const auto comma = forwarded_for.rfind(',');
    const auto entry =
        trimmed(comma == std::string_view::npos ? forwarded_for : forwarded_for.substr(comma + 1));
    const auto before = read_address(entry, ec);
    if (ec) break;
    last = before;
    forwarded_for =
        comma == std::string_view::npos ? std::string_view() : forwarded_for.substr(0, comma);
  }
  return last.to_string();
}

}  // namespace troupe::http

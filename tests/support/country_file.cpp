#include "tests/support/country_file.hpp"

#include <array>
#include <cstdint>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>

namespace troupe::test {
namespace {

constexpr char kString = 2, kUint16 = 5, kUint32 = 6, kMap = 7;
constexpr std::uint32_t kNothing = 0xFFFFFFFF, kData = 0x80000000;

std::string control(char type, std::size_t size) {
  return {static_cast<char>((type << 5) | static_cast<char>(size))};
}
std::string text(const std::string& value) {
  return control(kString, value.size()) + value;
}
std::string number(char type, std::uint32_t value, std::size_t bytes) {
  auto out = control(type, bytes);
  for (auto i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i));
  return out;
}

struct Node {
  std::array<std::uint32_t, 2> next{kNothing, kNothing};
};

std::pair<std::array<unsigned char, 16>, int> bits_of(const std::string& network) {
  const auto slash = network.find('/');
  const auto address = boost::asio::ip::make_address(network.substr(0, slash));
  const int length = std::stoi(network.substr(slash + 1));
  if (address.is_v6()) return {address.to_v6().to_bytes(), length};
  std::array<unsigned char, 16> out{};
  const auto four = address.to_v4().to_bytes();
  std::copy(four.begin(), four.end(), out.begin() + 12);
  return {out, length + 96};
}

void add(std::vector<Node>& tree, const std::string& network, std::uint32_t data) {
  const auto [bytes, length] = bits_of(network);
  std::size_t at = 0;
  for (int i = 0; i < length; ++i) {
    const auto bit =
        static_cast<std::size_t>(bytes[static_cast<std::size_t>(i / 8)] >> (7 - i % 8)) & 1U;
    if (i + 1 == length) {
      tree[at].next[bit] = kData | data;
      return;
    }
    if (tree[at].next[bit] == kNothing) {
      tree[at].next[bit] = static_cast<std::uint32_t>(tree.size());
      tree.emplace_back();
    }
    if ((tree[at].next[bit] & kData) != 0) throw std::invalid_argument("a network inside another");
    at = tree[at].next[bit];
  }
}

std::string metadata(std::size_t nodes) {
  return "\xab\xcd\xefMaxMind.com" + control(kMap, 9) + text("node_count") +
         number(kUint32, static_cast<std::uint32_t>(nodes), 4) + text("record_size") +
         number(kUint16, 24, 2) + text("ip_version") + number(kUint16, 6, 2) +
         text("database_type") + text("Test-Country") + text("languages") +
         std::string("\x01\x04") + text("en") + text("binary_format_major_version") +
         number(kUint16, 2, 2) + text("binary_format_minor_version") + number(kUint16, 0, 2) +
         text("build_epoch") + std::string("\x04\x02\x67\x00\x00\x00", 6) + text("description") +
         control(kMap, 1) + text("en") + text("for tests");
}

}  // namespace

std::string country_file(const std::vector<std::pair<std::string, std::string>>& networks) {
  std::vector<Node> tree(1);
  std::string data;
  for (const auto& [network, country] : networks) {
    add(tree, network, static_cast<std::uint32_t>(data.size()));
    data +=
        control(kMap, 1) + text("country") + control(kMap, 1) + text("iso_code") + text(country);
  }
  std::string out;
  const auto count = static_cast<std::uint32_t>(tree.size());
  for (const auto& node : tree) {
    for (const auto next : node.next) {
      // Beyond the tree and its separator of 16 bytes lies the data.
      const auto record = next == kNothing      ? count
                          : (next & kData) != 0 ? count + 16 + (next & ~kData)
                                                : next;
      for (const int shift : {16, 8, 0}) out += static_cast<char>(record >> shift);
    }
  }
  return out + std::string(16, '\0') + data + metadata(tree.size());
}

}  // namespace troupe::test

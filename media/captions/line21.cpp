#include "media/captions/line21.hpp"

#include <bit>

namespace troupe::media {
namespace {

constexpr std::uint8_t kValid = 4, kType = 3, kFields = 2, kParity = 0x80;
constexpr std::uint8_t kSecondChannel = 0x08;

std::uint8_t with_odd_parity(std::uint8_t byte) {
  byte &= static_cast<std::uint8_t>(~kParity);
  return std::popcount(byte) % 2 == 1 ? byte : static_cast<std::uint8_t>(byte | kParity);
}

}  // namespace

std::array<std::string, 4> Line21::split(std::span<const std::uint8_t> triplets) {
  std::array<std::string, 4> out;
  for (std::size_t at = 0; at + 3 <= triplets.size(); at += 3) {
    const std::size_t field = triplets[at] & kType;
    if (field >= kFields || (triplets[at] & kValid) == 0) continue;
    // A byte that came with a wrong parity is no command.
    auto first = triplets[at + 1];
    const bool sound = std::popcount(first) % 2 == 1;
    const auto code = static_cast<std::uint8_t>(first & 0x7F);
    if (sound && code >= 0x10 && code <= 0x1F) {
      channel_[field] = (code & kSecondChannel) != 0 ? 1 : 0;
      first = with_odd_parity(code & static_cast<std::uint8_t>(~kSecondChannel));
    } else if (sound && code >= 0x01 && code <= 0x0F) {
      channel_[field] = kOther;
    }
    if (channel_[field] == kOther) continue;
    auto& to = out[2 * field + static_cast<std::size_t>(channel_[field])];
    to += static_cast<char>(0xFC);
    to += static_cast<char>(first);
    to += static_cast<char>(triplets[at + 2]);
  }
  return out;
}

}  // namespace troupe::media

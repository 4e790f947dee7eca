#include "base/ids.hpp"

#include <chrono>

#include <sodium.h>

namespace troupe {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int decode_character(char c) noexcept {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  const auto at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

void increment_random_part(Id& id) noexcept {
  for (std::size_t i = 16; i-- > 6;) {
    if (++id.bytes[i] != 0) return;
  }
}

}  // namespace

std::string Id::to_string() const {
  // 128 bits in 26 characters of 5 bits: the first character holds the top 3.
  std::string out(26, '0');
  unsigned buffer = 0;
  int bits = 2;  // two leading zero bits make 130 = 26 * 5
  std::size_t at = 0;
  for (const auto byte : bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out[at++] = kAlphabet[(buffer >> bits) & 31U];
    }
    buffer &= (1U << bits) - 1U;
  }
  return out;
}

std::uint64_t Id::time_ms() const noexcept {
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = (ms << 8) | bytes[i];
  return ms;
}

Id make_id() {
  thread_local Id last{};
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  if (last.time_ms() == now) {
    increment_random_part(last);
    return last;
  }
  Id id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(now >> (8 * (5 - i)));
  randombytes_buf(id.bytes.data() + 6, 10);
  last = id;
  return id;
}

Id make_id_after(const Id& last) {
  auto id = make_id();
  if (id > last) return id;
  id = last;
  increment_random_part(id);
  return id;
}

std::string make_id_string() {
  return make_id().to_string();
}

std::optional<Id> parse_id(std::string_view text) noexcept {
  if (text.size() != 26) return std::nullopt;
  Id id;
  unsigned buffer = 0;
  int bits = -2;  // drop the two leading bits
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = decode_character(text[i]);
    if (digit < 0 || (i == 0 && digit > 7)) return std::nullopt;
    buffer = (buffer << 5) | static_cast<unsigned>(digit);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      id.bytes[at++] = static_cast<std::uint8_t>(buffer >> bits);
      buffer &= (1U << bits) - 1U;
    }
  }
  return id;
}

}  // namespace troupe

// Big-endian numbers in byte strings: everything in RTMP but one field is (Adobe RTMP 1.0, section
// 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::ingest::rtmp {

using Bytes = std::span<const std::uint8_t>;

[[nodiscard]] inline Bytes bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `count` bytes from `at` on, which must be there.
[[nodiscard]] inline std::uint32_t read_be(Bytes bytes, std::size_t at,
                                           std::size_t count) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
  return value;
}

inline void append_be(std::string& out, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

}  // namespace troupe::ingest::rtmp

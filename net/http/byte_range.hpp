// The Range header of a request for a file (RFC 9110, section 14). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace troupe::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< inclusive

  [[nodiscard]] std::uint64_t size() const noexcept { return last - first + 1; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// Of a file of `size` bytes. Nothing: the header is to be ignored (another unit, several ranges,
/// malformed), the whole file is the answer. Errors: invalid_argument (no byte of it exists: 416).
[[nodiscard]] Result<std::optional<ByteRange>> parse_byte_range(std::string_view header,
                                                                std::uint64_t size);

}  // namespace troupe::http

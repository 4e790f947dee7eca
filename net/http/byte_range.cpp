#include "net/http/byte_range.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::http {
namespace {

constexpr std::string_view kUnit = "bytes=";

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

}  // namespace

Result<std::optional<ByteRange>> parse_byte_range(std::string_view header, std::uint64_t size) {
  const auto ignored = std::optional<ByteRange>();
  if (!header.starts_with(kUnit)) return ignored;
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos || header.find(',') != std::string_view::npos) return ignored;
  const auto from = header.substr(0, dash), to = header.substr(dash + 1);
  const auto first = number_of(from), last = number_of(to);
  const auto none = error(ErrorCode::invalid_argument, "no byte of that range");
  if (from.empty()) {  // the last so many
    if (!last) return ignored;
    if (*last == 0 || size == 0) return none;
    return std::optional(ByteRange{size - std::min(*last, size), size - 1});
  }
  if (!first || (!to.empty() && (!last || *last < *first))) return ignored;
  if (*first >= size) return none;
  return std::optional(ByteRange{*first, last ? std::min(*last, size - 1) : size - 1});
}

}  // namespace troupe::http

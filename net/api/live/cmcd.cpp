#include "net/api/live/cmcd.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::api {
namespace {

constexpr std::size_t kMaxSessionId = 64;  // CTA-5004, table 1
/// Larger than any sensible figure; sums of many stay far from overflow.
constexpr std::uint64_t kMaxNumber = 1'000'000'000'000;

struct Value {
  std::string_view text;  ///< of a string: between its quotes, escapes as they are
  bool present = false;   ///< false: the bare key, which means true
  bool quoted = false;
};

std::optional<std::uint64_t> number_of(const Value& value) {
  std::uint64_t number = 0;
  const auto* end = value.text.data() + value.text.size();
  const auto [at, problem] = std::from_chars(value.text.data(), end, number);
  if (value.quoted || !value.present || problem != std::errc() || number > kMaxNumber)
    return std::nullopt;
  // Version 2 allows decimals and, for some keys, a list of one number per kind: the first counts.
  return at == end || *at == '.' || *at == ';' ? std::optional(number) : std::nullopt;
}

std::string string_of(const Value& value) {
  std::string out;
  for (std::size_t i = 0; i < value.text.size(); ++i) {
    if (value.text[i] == '\\' && i + 1 < value.text.size()) ++i;
    out.push_back(value.text[i]);
  }
  return out;
}

/// Takes a value from the front of `rest`, up to a comma. False: malformed.
bool take_value(std::string_view& rest, Value& value) {
  value.present = true;
  if (!rest.starts_with('"')) {
    const auto end = std::min(rest.find(','), rest.size());
    value.text = rest.substr(0, end);
    rest.remove_prefix(end);
    return true;
  }
  value.quoted = true;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size()) return false;
  value.text = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return rest.empty() || rest.front() == ',';
}

bool is_true(const Value& value) {
  return !value.present || value.text == "true";
}

void apply(std::string_view key, const Value& value, Cmcd& out) {
  const auto take = [&](std::string_view name, std::optional<std::uint64_t>& into) {
    if (key != name) return;
    if (const auto number = number_of(value)) into = number;
  };
  take("br", out.bitrate_kbps);
  take("bl", out.buffer_ms);
  take("mtp", out.throughput_kbps);
  take("ltc", out.latency_ms);
  take("msd", out.start_ms);
  take("bsd", out.starved_ms);
  if (key == "bs") out.starved = is_true(value);
  if (key == "su") out.starting = is_true(value);
  if (key == "sf" && value.text.size() == 1) out.streaming_format = value.text.front();
  if (key == "sid" && value.quoted) {
    auto id = string_of(value);
    const bool fine = id.size() <= kMaxSessionId && std::all_of(id.begin(), id.end(), [](char c) {
                        return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
                      });
    if (fine) out.session_id = std::move(id);
  }
}

}  // namespace

void read_cmcd(std::string_view text, Cmcd& out) {
  if (text.size() > kMaxCmcdBytes) return;
  while (!text.empty()) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    const auto end = std::min(text.find_first_of("=,"), text.size());
    const auto key = text.substr(0, end);
    text.remove_prefix(end);
    Value value;
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      if (!take_value(text, value)) return;
    }
    apply(key, value, out);
    if (text.starts_with(',')) text.remove_prefix(1);
  }
}

}  // namespace troupe::api

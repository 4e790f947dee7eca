#include "actors/auction/money.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace troupe::auction {
namespace {

namespace json = boost::json;

constexpr int kPlaces = 6;
constexpr std::size_t kMaxDepth = 32;
/// A literal may be this long; exact prices need 17 bytes.
constexpr std::size_t kMaxLiteral = 64;
constexpr std::array<std::string_view, 4> kMoneyKeys{"bidfloor", "mincpmpersec", "bid_cpm",
                                                     "budget"};

Error bad(const char* why) {
  return error(ErrorCode::invalid_argument, why);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// digits × 10^exponent. Leading zeros are dropped.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Result<Decimal> split(std::string_view text) {
  Decimal out;
  std::size_t at = 0;
  const auto take_digits = [&](int step) {
    const auto begin = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      if (!out.digits.empty() || text[at] != '0') out.digits += text[at];
      out.exponent -= step;
    }
    return at > begin;
  };
  if (!take_digits(0)) return bad("must be a number");
  if (at < text.size() && text[at] == '.' && (++at, !take_digits(1)))
    return bad("must be a number");
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int exponent = 0;
    const auto [end, ec] = std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (ec != std::errc() || exponent < -1'000 || exponent > 1'000)
      return bad("must be a number within bounds");
    at = static_cast<std::size_t>(end - text.data());
    out.exponent += exponent;
  }
  if (at != text.size()) return bad("must be a number");
  return out;
}

/// Builds the document as json::parse does, but for numbers under money's keys.
struct MoneyHandler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();
  using Ec = json::error_code;

  json::value_stack stack;
  std::string key, literal;
  bool is_money = false;

  bool on_document_begin(Ec&) {
    stack.reset();
    return true;
  }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec&) { return is_money = false, true; }
  bool on_object_end(std::size_t n, Ec&) {
    stack.push_object(n);
    return true;
  }
  bool on_array_begin(Ec&) { return is_money = false, true; }
  bool on_array_end(std::size_t n, Ec&) {
    stack.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, Ec&) {
    key.append(part.data(), part.size());
    stack.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Ec&) {
    key.append(part.data(), part.size());
    is_money = std::find(kMoneyKeys.begin(), kMoneyKeys.end(), key) != kMoneyKeys.end();
    key.clear();
    stack.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Ec&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, Ec&) {
    is_money = false;
    stack.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view part, Ec&) {
    if (is_money) literal.append(part.data(), part.size());
    return true;
  }
  /// True when the number was kept as its literal.
  bool keep_literal(json::string_view part) {
    if (!is_money) return false;
    literal.append(part.data(), part.size());
    stack.push_string({literal.data(), literal.size()});
    literal.clear();
    is_money = false;
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view text, Ec&) {
    if (!keep_literal(text)) stack.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view text, Ec&) {
    if (!keep_literal(text)) stack.push_uint64(number);
    return true;
  }
  bool on_double(double number, json::string_view text, Ec&) {
    if (!keep_literal(text)) stack.push_double(number);
    return true;
  }
  bool on_bool(bool value, Ec&) {
    stack.push_bool(value);
    return is_money = false, true;
  }
  bool on_null(Ec&) {
    stack.push_null();
    return is_money = false, true;
  }
  bool on_comment_part(json::string_view, Ec&) { return true; }
  bool on_comment(json::string_view, Ec&) { return true; }
};

}  // namespace

Result<Micros> parse_micros(std::string_view decimal) {
  if (decimal.size() > kMaxLiteral) return bad("is too long for a number");
  if (!decimal.empty() && decimal.front() == '-') return bad("must not be negative");
  auto split_up = split(decimal);
  if (!split_up.ok()) return split_up.error();
  auto& [digits, exponent] = *split_up;
  if (digits.empty()) return Micros(0);
  for (exponent += kPlaces; exponent < 0 && digits.back() == '0'; ++exponent) digits.pop_back();
  if (exponent < 0) return bad("has more than 6 decimal places");
  if (digits.size() + static_cast<std::size_t>(exponent) > 16) return bad("is out of range");
  digits.append(static_cast<std::size_t>(exponent), '0');
  Micros micros = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), micros);
  if (micros > kMaxMoney) return bad("is out of range");
  return micros;
}

Result<Micros> money_of(const json::value& value) {
  if (value.is_string()) return parse_micros(std::string_view(value.get_string()));
  if (value.is_int64()) return parse_micros(fmt::format("{}", value.get_int64()));
  if (value.is_uint64()) return parse_micros(fmt::format("{}", value.get_uint64()));
  if (value.is_double()) return parse_micros(fmt::format("{}", value.get_double()));
  return bad("must be a number");
}

Result<json::object> parse_with_money(std::string_view body) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::basic_parser<MoneyHandler> parser(options);
  json::error_code ec;
  const auto used = parser.write_some(false, body.data(), body.size(), ec);
  if (!ec && body.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
    ec = json::make_error_code(json::error::extra_data);
  if (ec) {
    return error(ErrorCode::invalid_argument,
                 fmt::format("the body is not valid JSON at byte {}: {}", used, ec.message()));
  }
  auto value = parser.handler().stack.release();
  if (!value.is_object()) return bad("the body must be a JSON object");
  return std::move(value.get_object());
}

std::string to_decimal(Micros micros) {
  auto text = fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000);
  while (text.back() == '0' && text[text.size() - 3] != '.') text.pop_back();
  return text;
}

}  // namespace troupe::auction

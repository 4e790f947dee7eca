// Money as it stands in JSON: decimals that become integers without a floating-point number
// between.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

#include "base/result.hpp"

namespace troupe::auction {

/// Millionths of a currency unit. Prices are per thousand impressions (CPM), as in OpenRTB.
using Micros = std::int64_t;

/// The largest amount that is taken anywhere: a thousand million units.
inline constexpr Micros kMaxMoney = 1'000'000'000'000'000;

/// Reads a JSON number ("2.675", "1e-3") exactly. Errors: invalid_argument with a detail that can
/// follow a field's name: not a number, negative, over kMaxMoney, more than six decimal places.
[[nodiscard]] Result<Micros> parse_micros(std::string_view decimal);

/// An amount in a parsed document: an integer, the literal that `parse_with_money` kept (so a
/// string that holds a decimal is as good as a number), or a double, whose shortest decimal counts.
/// Errors as parse_micros.
[[nodiscard]] Result<Micros> money_of(const boost::json::value& value);

/// Parses a JSON object (depth ≤ 32, no trailing bytes) and keeps the literal of every number under
/// a key that holds money (bidfloor, mincpmpersec, bid_cpm, budget) as a string. Errors:
/// invalid_argument.
[[nodiscard]] Result<boost::json::object> parse_with_money(std::string_view body);

/// Exact decimal, without trailing zeros beyond two places: "2.50", "0.000007".
[[nodiscard]] std::string to_decimal(Micros micros);

}  // namespace troupe::auction

// AMF0, the notation of RTMP's commands (Adobe, "Action Message Format -- AMF 0", 2007). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "net/ingest/rtmp/bytes.hpp"

namespace troupe::ingest::rtmp {

struct AmfNull {
  friend bool operator==(AmfNull, AmfNull) = default;
};
struct AmfValue;
using AmfObject = std::vector<std::pair<std::string, AmfValue>>;
using AmfArray = std::vector<AmfValue>;

struct AmfValue {
  /// Undefined is read as null, an ECMA array as an object, a date as its number.
  std::variant<AmfNull, bool, double, std::string, AmfObject, AmfArray> is;

  AmfValue() = default;
  AmfValue(double number) : is(number) {}                // NOLINT(google-explicit-constructor)
  AmfValue(const char* text) : is(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  AmfValue(std::string text) : is(std::move(text)) {}    // NOLINT(google-explicit-constructor)
  AmfValue(AmfObject object);                            // NOLINT(google-explicit-constructor)
  explicit AmfValue(bool truth) : is(truth) {}

  /// Null when it is something else.
  [[nodiscard]] const std::string* text() const noexcept { return std::get_if<std::string>(&is); }
  [[nodiscard]] const double* number() const noexcept { return std::get_if<double>(&is); }
  /// The member of that name; null when this is no object or has none.
  [[nodiscard]] const AmfValue* member(std::string_view name) const noexcept;

  friend bool operator==(const AmfValue&, const AmfValue&) = default;
};

/// Commands of encoders nest twice and have some 20 values.
inline constexpr int kMaxAmfDepth = 8;
inline constexpr int kMaxAmfValues = 512;

/// All values of a message, one after the other. Errors: invalid_argument (cut short, a type that
/// commands do not have, nested too deep, too many values).
[[nodiscard]] Result<AmfArray> decode_amf0(Bytes bytes);

/// Strings over 65,535 bytes become long strings; names of members must be shorter.
void append_amf0(std::string& out, const AmfValue& value);

}  // namespace troupe::ingest::rtmp

// Result<T>: a value, or a reason that reaches the outside as a documented code.
#pragma once

#include <cassert>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe {

/// Why an operation did not succeed in normal life. `to_string` gives the code that clients see in
/// problem documents, WebSocket errors and metrics; docs/errors.md lists them. Values travel on the
/// wire: never renumber.
enum class ErrorCode : std::uint8_t {
  invalid_argument = 1,  ///< The request is malformed or breaks a rule that the sender could know.
  unauthenticated = 2,   ///< No valid credentials.
  forbidden = 3,         ///< Valid credentials, but not for this.
  not_found = 4,
  conflict = 5,   ///< The state does not allow it (already exists, wrong version, closed).
  too_large = 6,  ///< Over a size limit.
  rate_limited = 7,
  overloaded = 8,    ///< A bounded queue is full; try again later.
  timeout = 9,       ///< The deadline passed first; the outcome is unknown unless stated.
  unavailable = 10,  ///< Starting, draining, or a part is down.
  corrupt = 11,      ///< Stored or received bytes fail verification.
  io = 12,           ///< The operating system or the disk refused.
  unsupported = 13,
  internal = 14,  ///< A bug on our side.
};

/// Stable snake_case name of `code`, as shown to clients.
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// The HTTP status that tells `code` (RFC 9110).
[[nodiscard]] int http_status(ErrorCode code) noexcept;

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;  ///< For people; never parsed. Must not carry secrets.

  friend bool operator==(const Error&, const Error&) = default;
};

[[nodiscard]] inline Error error(ErrorCode code, std::string detail = {}) {
  return Error{code, std::move(detail)};
}

/// `Result<void>` holds this.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

/// A value or an Error. Converts from both, so functions just `return value;` or `return
/// error(…);`. Reading the wrong side is a programming error and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = std::conditional_t<std::is_void_v<T>, Unit, T>;

  Result() requires std::is_void_v<T> : data_(std::in_place_index<0>) {}
  Result(value_type value) requires(!std::is_void_v<T>)
      : data_(std::in_place_index<0>, std::move(value)) {}
  template <class U>
  requires(!std::is_void_v<T> && std::is_convertible_v<U&&, value_type> &&
           !std::is_same_v<std::remove_cvref_t<U>, value_type> &&
           !std::is_same_v<std::remove_cvref_t<U>, Error> &&
           !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : data_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Error e) : data_(std::in_place_index<1>, std::move(e)) {}

  [[nodiscard]] bool ok() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  value_type& value() & { return check(), *std::get_if<0>(&data_); }
  const value_type& value() const& { return check(), *std::get_if<0>(&data_); }
  value_type&& value() && { return check(), std::move(*std::get_if<0>(&data_)); }
  value_type& operator*() & { return value(); }
  const value_type& operator*() const& { return value(); }
  value_type&& operator*() && { return std::move(*this).value(); }
  value_type* operator->() { return &value(); }
  const value_type* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&data_); }
  [[nodiscard]] ErrorCode code() const { return error().code; }

 private:
  void check() const { assert(ok() && "Result holds an error"); }

  std::variant<value_type, Error> data_;
};

}  // namespace troupe

// Bodies of requests about live sessions: small JSON objects whose members are known.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include <boost/json/object.hpp>

#include "net/http/message.hpp"

namespace troupe::api {

/// The body's object with no members but these; an empty body is an empty object.
[[nodiscard]] Result<boost::json::object> body_of(const http::Request& request,
                                                  std::initializer_list<std::string_view> known);

/// Nothing when it is not there. Errors: invalid_argument (no whole number from 0 on).
[[nodiscard]] Result<std::optional<std::uint64_t>> number_in(const boost::json::object& body,
                                                             std::string_view name);

/// Of a path; nothing when it is no number.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

}  // namespace troupe::api

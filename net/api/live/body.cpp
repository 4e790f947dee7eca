#include "net/api/live/body.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

namespace troupe::api {

Result<boost::json::object> body_of(const http::Request& request,
                                    std::initializer_list<std::string_view> known) {
  if (request.body.empty()) return boost::json::object();
  auto body = http::parse_json_object(request.body);
  if (!body.ok()) return body;
  for (const auto& [name, value] : *body) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      return error(ErrorCode::invalid_argument, "unknown member " + std::string(name));
  }
  return body;
}

Result<std::optional<std::uint64_t>> number_in(const boost::json::object& body,
                                               std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr) return std::optional<std::uint64_t>();
  boost::system::error_code ec;
  const auto number = value->to_number<std::uint64_t>(ec);
  if (ec || value->is_double())
    return error(ErrorCode::invalid_argument, std::string(name) + ": a whole number");
  return std::optional(number);
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace troupe::api

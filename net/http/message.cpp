#include "net/http/message.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace troupe::http {

bool Principal::has_scope(std::string_view scope) const {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  const auto it = query.find(std::string(name));
  return it == query.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::string> Request::header(std::string_view lower_case_name) const {
  const auto it = headers.find(std::string(lower_case_name));
  return it == headers.end() ? std::nullopt : std::optional(it->second);
}

std::chrono::milliseconds Request::time_left() const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(1));
}

Response json_response(int status, const boost::json::value& body) {
  Response response;
  response.status = status;
  response.body = boost::json::serialize(body);
  return response;
}

namespace {

Response problem_document(int status, const std::string& code, const std::string& detail) {
  std::string title = code;
  std::replace(title.begin(), title.end(), '_', ' ');
  boost::json::object body{
      {"type", "/problems/" + code}, {"title", title}, {"status", status}, {"code", code}};
  if (!detail.empty()) body["detail"] = detail;
  auto response = json_response(status, body);
  response.content_type = "application/problem+json";
  return response;
}

}  // namespace

Response problem(const Error& e, std::optional<int> retry_after_s) {
  auto response = problem_with_status(http_status(e.code), e);
  if (!retry_after_s && (e.code == ErrorCode::rate_limited || e.code == ErrorCode::overloaded))
    retry_after_s = 1;
  if (retry_after_s) response.headers["Retry-After"] = std::to_string(*retry_after_s);
  if (e.code == ErrorCode::unauthenticated) response.headers["WWW-Authenticate"] = "Bearer";
  return response;
}

Response problem_with_status(int status, const Error& e) {
  return problem_document(status, std::string(to_string(e.code)), e.detail);
}

Response method_not_allowed(const std::vector<std::string>& allowed) {
  auto response = problem_document(405, "method_not_allowed", {});
  auto& allow = response.headers["Allow"];
  for (const auto& method : allowed) allow += (allow.empty() ? "" : ", ") + method;
  return response;
}

struct Responder::Shared {
  std::function<void(Response)> deliver;
  std::atomic<bool> answered{false};

  ~Shared() {
    if (!answered)
      deliver(problem(error(ErrorCode::internal, "the request was dropped without an answer")));
  }
};

Responder::Responder(std::function<void(Response)> deliver) : shared_(std::make_shared<Shared>()) {
  shared_->deliver = std::move(deliver);
}

void Responder::send(Response response) const {
  if (!shared_->answered.exchange(true)) shared_->deliver(std::move(response));
}

namespace {
/// Boost.JSON reads 1e400 as infinity, which it could not read again once written.
bool is_finite(const boost::json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* array = value.if_array()) return std::ranges::all_of(*array, is_finite);
  const auto finite = [](const auto& member) { return is_finite(member.value()); };
  const auto* object = value.if_object();
  return object == nullptr || std::ranges::all_of(*object, finite);
}
}  // namespace

Result<boost::json::object> parse_json_object(const std::string& body) {
  boost::json::parse_options options;
  options.max_depth = 32;
  boost::json::stream_parser parser({}, options);
  boost::system::error_code ec;
  const auto at = parser.write_some(body, ec);
  if (!ec) parser.finish(ec);
  if (!ec && at < body.size() && body.find_first_not_of(" \t\r\n", at) != std::string::npos) {
    ec = boost::json::make_error_code(boost::json::error::extra_data);
  }
  if (ec) {
    return error(ErrorCode::invalid_argument,
                 fmt::format("the body is not valid JSON at byte {}: {}", at, ec.message()));
  }
  auto value = parser.release();
  if (!value.is_object())
    return error(ErrorCode::invalid_argument, "the body must be a JSON object");
  if (!is_finite(value))
    return error(ErrorCode::invalid_argument, "the body has a number that is out of range");
  return std::move(value.as_object());
}

}  // namespace troupe::http

// What a handler sees of HTTP: a verified request with a deadline, and a responder to be used
// exactly once.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "base/result.hpp"

namespace troupe::ws {
class Session;
}

namespace troupe::http {

class BodyFeed;

/// Who asks: the verified claims of the bearer token.
struct Principal {
  std::string subject;              ///< `sub`
  std::vector<std::string> scopes;  ///< `scope`, split at spaces
  [[nodiscard]] bool has_scope(std::string_view scope) const;
};

struct Request {
  std::string method;                         ///< "GET", "POST", …
  std::string path;                           ///< decoded, without query
  std::map<std::string, std::string> params;  ///< from the route's `{name}` parts, decoded
  std::multimap<std::string, std::string> query;
  std::map<std::string, std::string>
      headers;  ///< names in lower case; repeated ones joined by ", "
  std::string body;
  std::string remote;      ///< address of the peer, without port
  std::string request_id;  ///< also in the access log and the X-Request-Id header of the response
  std::optional<Principal> principal;
  std::chrono::steady_clock::time_point deadline;

  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> header(std::string_view lower_case_name) const;
  /// Time left until the deadline, at least 1 ms.
  [[nodiscard]] std::chrono::milliseconds time_left() const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::map<std::string, std::string> headers;
  std::string body;
  /// Instead of `body`: bytes shared between many responses (media segments, cached pages).
  std::shared_ptr<const std::string> shared_body;
  /// Instead of both: a body that is still being made.
  std::shared_ptr<BodyFeed> feed;
  /// Instead of all three: what follows the header are the bytes that are sent to this session, as
  /// they are, until it is closed and the connection with it. Called on the connection's loop once
  /// the header is out; set the session's callbacks there. What the client says is ignored.
  std::function<void(std::shared_ptr<ws::Session>)> take_over;
};

/// A JSON response with the given status.
[[nodiscard]] Response json_response(int status, const boost::json::value& body);
/// An RFC 9457 problem document: type `about:blank#<code>`-free: `type` is "/problems/<code>",
/// `code` repeats it, and `retry_after_s` adds Retry-After (set by default for rate_limited and
/// overloaded).
[[nodiscard]] Response problem(const Error& error, std::optional<int> retry_after_s = std::nullopt);
/// The same with a status of HTTP's own that no ErrorCode has: 408, 415, 431.
[[nodiscard]] Response problem_with_status(int status, const Error& error);
/// 405 with the methods that the resource has.
[[nodiscard]] Response method_not_allowed(const std::vector<std::string>& allowed);

/// Answers one request, from any thread, once. Movable and copyable (copies share the one answer);
/// when the last copy goes without an answer the client gets a 500. An answer after the deadline is
/// dropped (the client has had its 504).
class Responder {
 public:
  Responder() = default;
  explicit Responder(std::function<void(Response)> deliver);
  void send(Response response) const;
  void send(const Error& error) const { send(problem(error)); }

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

using Handler = std::function<void(Request, Responder)>;

/// Parses a JSON object body strictly: depth ≤ 32, numbers that a double holds, no trailing bytes.
/// The problem text of what is no JSON names the position.
[[nodiscard]] Result<boost::json::object> parse_json_object(const std::string& body);

}  // namespace troupe::http

#include "net/http/response_head.hpp"

#include <sstream>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/write.hpp>

#include "net/http/request_head.hpp"

namespace troupe::http {

namespace bhttp = boost::beast::http;

bhttp::response_header<> response_head(const Response& response, const std::string& request_id) {
  bhttp::response_header<> head;
  head.version(11);
  head.result(static_cast<unsigned>(response.status));
  head.set(bhttp::field::server, "Troupe");
  head.set("X-Request-Id", request_id);
  head.set("X-Content-Type-Options", "nosniff");
  if (response.status != 204 && response.status != 304)
    head.set(bhttp::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) head.set(name, value);
  return head;
}

std::string head_text(const bhttp::response_header<>& head) {
  std::ostringstream text;
  text << head;
  return text.str();
}

std::string upgrade_answer(const Request& request) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         websocket_accept(*request.header("sec-websocket-key")) +
         "\r\nX-Request-Id: " + request.request_id + "\r\n\r\n";
}

std::optional<Refusal> refusal_of(boost::system::error_code ec, bool too_slow) {
  if (too_slow) return Refusal{408, error(ErrorCode::timeout, "the request did not come in time")};
  if (ec == bhttp::error::header_limit)
    return Refusal{431, error(ErrorCode::too_large, "the header is too large")};
  if (ec == bhttp::error::body_limit)
    return Refusal{413, error(ErrorCode::too_large, "the body is too large")};
  if (ec.category() == bhttp::make_error_code(bhttp::error::bad_method).category() &&
      ec != bhttp::error::end_of_stream && ec != bhttp::error::partial_message)
    return Refusal{400, error(ErrorCode::invalid_argument, "not HTTP: " + ec.message())};
  return std::nullopt;
}

}  // namespace troupe::http

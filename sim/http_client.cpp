#include "sim/http_client.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

namespace troupe::sim {
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = boost::asio::ip::tcp;

namespace {
constexpr std::uint64_t kMaxBodyBytes = 256U << 20;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

boost::json::value HttpReply::json() const {
  boost::system::error_code ec;
  auto value = boost::json::parse(body, ec);
  return ec ? boost::json::value() : value;
}

struct HttpClient::Impl {
  std::string host;
  std::uint16_t port;
  std::string token;
  std::chrono::milliseconds timeout;
  boost::asio::io_context io{1};
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;

  /// Runs what was started until it is done; the stream's own timer bounds it.
  void run() {
    io.restart();
    io.run();
  }

  Result<void> connect() {
    stream.emplace(io);
    buffer.clear();
    boost::system::error_code ec;
    const auto address =
        boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
    if (ec) return error(ErrorCode::invalid_argument, "not an address: " + host);
    stream->expires_after(timeout);
    stream->async_connect(tcp::endpoint(address, port),
                          [&](boost::system::error_code e) { ec = e; });
    run();
    if (ec) {
      stream.reset();
      return error(ErrorCode::io, "connect: " + ec.message());
    }
    stream->socket().set_option(tcp::no_delay(true));
    return {};
  }

  Result<HttpReply> exchange(const http::request<http::string_body>& request) {
    boost::system::error_code ec;
    stream->expires_after(timeout);
    http::async_write(*stream, request, [&](boost::system::error_code e, std::size_t) { ec = e; });
    run();
    if (ec) return failed("write", ec);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxBodyBytes);
    if (request.method() == http::verb::head) parser.skip(true);
    http::async_read(*stream, buffer, parser,
                     [&](boost::system::error_code e, std::size_t) { ec = e; });
    run();
    if (ec) return failed("read", ec);
    auto message = parser.release();
    HttpReply reply;
    reply.status = static_cast<int>(message.result_int());
    for (const auto& field : message)
      reply.headers[lower(field.name_string())] = std::string(field.value());
    reply.body = std::move(message.body());
    if (!message.keep_alive()) stream.reset();
    return reply;
  }

  Error failed(const char* what, boost::system::error_code ec) {
    stream.reset();
    const auto code = ec == beast::error::timeout ? ErrorCode::timeout : ErrorCode::io;
    return error(code, std::string(what) + ": " + ec.message());
  }
};

HttpClient::HttpClient(std::string host, std::uint16_t port, std::string bearer_token,
                       std::chrono::milliseconds timeout)
    : impl_(std::make_unique<Impl>()) {
  impl_->host = std::move(host);
  impl_->port = port;
  impl_->token = std::move(bearer_token);
  impl_->timeout = timeout;
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

void HttpClient::set_token(std::string bearer_token) {
  impl_->token = std::move(bearer_token);
}

Result<HttpReply> HttpClient::request(std::string_view method, std::string_view target,
                                      std::string_view body,
                                      const std::map<std::string, std::string>& headers) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, impl_->host + ":" + std::to_string(impl_->port));
  if (!impl_->token.empty()) request.set(http::field::authorization, "Bearer " + impl_->token);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = std::string(body);
  request.prepare_payload();

  const bool reused = impl_->stream.has_value();
  if (!reused) {
    if (auto connected = impl_->connect(); !connected.ok()) return connected.error();
  }
  auto reply = impl_->exchange(request);
  // A kept connection may have been closed by the server between two requests: RFC 9112
  // section 9.3.1 lets a client try an idempotent request once more on a new one.
  if (!reply.ok() && reused && reply.code() == ErrorCode::io && method != "POST" &&
      method != "PATCH") {
    if (auto connected = impl_->connect(); !connected.ok()) return connected.error();
    reply = impl_->exchange(request);
  }
  return reply;
}

Result<HttpReply> HttpClient::post(std::string_view target, const boost::json::value& body,
                                   const std::map<std::string, std::string>& headers) {
  return request("POST", target, boost::json::serialize(body), headers);
}

}  // namespace troupe::sim

#include "sim/http_load.hpp"

#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace troupe::sim {
namespace {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;
constexpr auto kTimeout = std::chrono::seconds(10);
constexpr std::uint64_t kMaxBody = 256U << 20;
}  // namespace

class HttpLoad::Connection {
 public:
  Connection(HttpLoad& load, asio::io_context& io, const std::string& host, std::uint16_t port)
      : load_(load),
        io_(io),
        host_(host + ":" + std::to_string(port)),
        endpoint_(asio::ip::make_address(host), port) {}

  void start(HttpJob job) {
    job_ = std::move(job);
    if (stream_) return write();
    stream_.emplace(io_);
    stream_->expires_after(kTimeout);
    stream_->async_connect(endpoint_, [this](beast::error_code ec) {
      if (ec) return failed();
      stream_->socket().set_option(asio::ip::tcp::no_delay(true), ec);
      write();
    });
  }

 private:
  void write() {
    request_ = {};
    request_.version(11);
    request_.method_string(job_.method);
    request_.target(job_.target);
    request_.set(http::field::host, host_);
    if (!job_.token.empty()) request_.set(http::field::authorization, "Bearer " + job_.token);
    if (!job_.body.empty()) request_.set(http::field::content_type, "application/json");
    request_.body() = std::move(job_.body);
    request_.prepare_payload();
    stream_->expires_after(kTimeout);
    http::async_write(*stream_, request_,
                      [this](beast::error_code ec, std::size_t) { ec ? failed() : read(); });
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(kMaxBody);
    stream_->expires_after(kTimeout);
    if (job_.piece) return read_piece();
    http::async_read(*stream_, buffer_, *parser_,
                     [this](beast::error_code ec, std::size_t) { ec ? failed() : answered(); });
  }

  void read_piece() {
    http::async_read_some(*stream_, buffer_, *parser_, [this](beast::error_code ec, std::size_t) {
      if (ec) return failed();
      auto& message = parser_->get();
      if (parser_->is_header_done() && message.result() == http::status::ok) {
        if (!message.body().empty()) job_.piece(message.body());
        message.body().clear();
      }
      if (parser_->is_done()) return answered();
      stream_->expires_after(kTimeout);
      read_piece();
    });
  }

  void answered() {
    const auto& message = parser_->get();
    if (!message.keep_alive()) stream_.reset();
    if (http::to_status_class(message.result()) == http::status_class::redirection &&
        job_.redirected) {
      job_.redirected(std::string(message[http::field::location]));
    }
    finish(static_cast<int>(message.result_int()), message.body());
  }

  void failed() {
    stream_.reset();
    buffer_.clear();
    finish(0, {});
  }

  void finish(int status, const std::string& body) {
    const auto ms = std::chrono::duration<double, std::milli>(Clock::now() - job_.due).count();
    const auto done = std::move(job_.done);
    done(status, body, ms);
    load_.next(*this);
  }

  HttpLoad& load_;
  asio::io_context& io_;
  std::string host_;
  asio::ip::tcp::endpoint endpoint_;
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  std::optional<http::response_parser<http::string_body>> parser_;
  HttpJob job_;
};

HttpLoad::HttpLoad(asio::io_context& io, std::string host, std::uint16_t port,
                   std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, io, host, port));
    idle_.push_back(connections_.back().get());
  }
}
HttpLoad::~HttpLoad() = default;

bool HttpLoad::submit(HttpJob job) {
  if (queue_.size() >= kMaxQueued) return false;
  queue_.push_back(std::move(job));
  if (!idle_.empty()) {
    auto* connection = idle_.back();
    idle_.pop_back();
    next(*connection);
  }
  return true;
}

void HttpLoad::next(Connection& connection) {
  if (queue_.empty()) {
    idle_.push_back(&connection);
    return;
  }
  auto job = std::move(queue_.front());
  queue_.pop_front();
  connection.start(std::move(job));
}

}  // namespace troupe::sim

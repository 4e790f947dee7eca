#include "net/http/connection.hpp"

#include <optional>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "base/ids.hpp"
#include "net/http/answer_writer.hpp"
#include "net/http/body_pump.hpp"
#include "net/http/request_head.hpp"
#include "net/http/response_head.hpp"
#include "net/http/ws_member.hpp"
#include "net/ws/socket_session.hpp"

namespace troupe::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGoodbye = std::chrono::seconds(2);  ///< for the client to close too
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

template <class Stream>
class Connection final : public Drainable, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(std::shared_ptr<Server::Impl> server, Stream stream, std::string address)
      : server_(std::move(server)),
        stream_(std::move(stream)),
        executor_(stream_.get_executor()),
        address_(std::move(address)),
        deadline_(executor_),
        writer_(stream_, server_->options.write_timeout) {}
  ~Connection() override {
    if (!handed_over_) server_->leave(number_, address_);
  }

  void begin() {
    number_ = server_->enlist(this->weak_from_this());
    if (server_->draining) return close();
    if constexpr (std::is_same_v<Stream, ws::TlsStream>) {
      lowest().expires_after(server_->options.header_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = self()](boost::system::error_code ec) {
                                if (!ec) self->read_header();
                              });
    } else {
      read_header();
    }
  }

  void drain() override {
    asio::post(executor_, [self = self()] {
      if (self->idle_) self->close();
    });
  }
  void cut() override {
    asio::post(executor_, [self = self()] { self->close(); });
  }

 private:
  std::shared_ptr<Connection> self() { return this->shared_from_this(); }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void close() {
    deadline_.cancel();
    if (pump_) pump_->stop(error(ErrorCode::io, "the connection was closed"));
    boost::system::error_code ignored;
    lowest().socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    lowest().socket().close(ignored);
  }

  /// Whether the peer is told by RST, not by FIN, when the socket is closed, whoever closes it.
  void end_with_reset(bool reset) {
    boost::system::error_code ignored;
    lowest().socket().set_option(asio::socket_base::linger(reset, 0), ignored);
  }
  void close_at_once() {
    deadline_.cancel();
    boost::system::error_code ignored;
    lowest().socket().close(ignored);
  }

  // --- reading ---

  void read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_->options.max_header_bytes));
    parser_->body_limit(
        boost::none);  // the route's own limit is set before any of the body is read
    idle_ = buffer_.size() == 0;
    head_ = false;
    pattern_ = "-";
    if (!idle_) return read_rest_of_header();  // a pipelined request is already here
    lowest().expires_after(server_->options.idle_timeout);
    // The header's own clock starts with its first byte: a client that drips bytes is cut off, an
    // idle one may rest.
    stream_.async_read_some(buffer_.prepare(2048),
                            [self = self()](boost::system::error_code ec, std::size_t bytes) {
                              if (ec) return self->close();
                              self->buffer_.commit(bytes);
                              self->idle_ = false;
                              self->read_rest_of_header();
                            });
  }

  void read_rest_of_header() {
    read_within(server_->options.header_timeout);
    bhttp::async_read_header(stream_, buffer_, *parser_,
                             [self = self()](boost::system::error_code ec, std::size_t) {
                               self->stop_reading_clock();
                               if (ec) return self->refuse(ec);
                               self->on_header();
                             });
  }

  /// Ends the read under way when it takes too long. Not by the stream's own expiry, which closes
  /// the socket: nobody could be told then.
  void read_within(std::chrono::milliseconds limit) {
    lowest().expires_never();
    too_slow_ = false;
    deadline_.expires_after(limit);
    const auto generation = ++generation_;
    deadline_.async_wait([weak = this->weak_from_this(), generation](boost::system::error_code ec) {
      const auto connection = weak.lock();
      if (ec || !connection || connection->generation_ != generation) return;
      connection->too_slow_ = true;
      connection->lowest().cancel();
    });
  }
  void stop_reading_clock() {
    ++generation_;
    deadline_.cancel();
  }

  void refuse(boost::system::error_code ec) {
    keep_alive_ = false;
    if (request_.request_id.empty()) {
      started_ = Clock::now();
      request_.request_id = make_id_string();
    }
    if (const auto refusal = refusal_of(ec, too_slow_))
      return answer_error(refusal->status, refusal->error);
    close();
  }

  void on_header() {
    started_ = Clock::now();
    const auto& message = parser_->get();
    keep_alive_ = message.keep_alive() && !server_->draining &&
                  ++requests_ < server_->options.max_requests_per_connection;
    head_ = message.method() == bhttp::verb::head;
    framing_ = message.version() < 11 ? Framing::until_close : Framing::chunked;
    auto head = read_head(message.base(), address_);
    if (!head.ok()) {
      request_.request_id = make_id_string();
      return answer_and_close(head.error());
    }
    request_ = std::move(*head);
    if (const auto& trusted = server_->options.trusted_proxies; !trusted.empty()) {
      const auto forwarded = request_.header("x-forwarded-for").value_or("");
      request_.remote = client_address(address_, forwarded, trusted);
    }
    if (const auto verdict = server_->allow(request_.remote); !verdict.allowed) {
      const auto seconds = static_cast<int>((verdict.retry_after.count() + 999) / 1000);
      return reject(
          problem(error(ErrorCode::rate_limited, "too many requests from this address"), seconds));
    }
    route();
  }

  /// An answer before the body was read: if there is one, the connection ends, since the body would
  /// have to be read.
  void reject(Response response) {
    if (parser_->content_length().value_or(0) > 0 || parser_->chunked()) keep_alive_ = false;
    answer(std::move(response));
  }
  void answer_and_close(const Error& e) {
    keep_alive_ = false;
    answer(problem(e));
  }

  void route() {
    auto match = server_->router.match(request_.method, request_.path);
    bool upgrade = false;
    if (request_.method == "GET" &&
        (match.route == nullptr || request_.header("sec-websocket-key"))) {
      if (auto websocket = server_->router.match("WEBSOCKET", request_.path);
          websocket.route != nullptr) {
        match = std::move(websocket);
        upgrade = true;  // or should have been one: check_upgrade says so
      }
    }
    if (match.route == nullptr) {
      if (match.allowed.empty())
        return reject(problem(error(ErrorCode::not_found, "no such resource")));
      return reject(method_not_allowed(match.allowed));
    }
    pattern_ = match.route->pattern;
    request_.params = std::move(match.params);
    route_ = match.route;
    if (auto ok = authenticate(request_, route_->options, upgrade, server_->options.token_key,
                               server_->options.audience);
        !ok.ok()) {
      return reject(problem(ok.error()));
    }
    if (const auto& admit = server_->options.admit; admit && !admit(route_->options.priority))
      return reject(problem(error(ErrorCode::overloaded, "too much to do now"), 1));
    if (upgrade) return start_websocket();
    if (route_->stream_handler) return stream_body();
    read_body();
  }

  void read_body() {
    parser_->body_limit(route_->options.max_body_bytes);
    if (parser_->content_length().value_or(0) > route_->options.max_body_bytes)
      return refuse(bhttp::error::body_limit);
    if (bhttp::token_list{parser_->get()[bhttp::field::expect]}.exists("100-continue"))
      return send_continue();
    receive_body();
  }

  void send_continue() {
    asio::async_write(stream_, asio::buffer(kContinue),
                      [self = self()](boost::system::error_code ec, std::size_t) {
                        if (ec) return self->close();
                        self->receive_body();
                      });
  }

  /// The handler takes the body while it comes.
  void stream_body() {
    keep_alive_ = false;
    lowest().expires_never();
    pending_ = self();
    const bool asks =
        bhttp::token_list{parser_->get()[bhttp::field::expect]}.exists("100-continue");
    pump_ = std::make_shared<BodyPump<Stream>>(self(), stream_, buffer_, std::move(*parser_),
                                               route_->options.timeout);
    auto reader = route_->stream_handler(request_, pump_, responder(++generation_));
    if (!reader) return;
    if (!asks) return pump_->start(std::move(reader));
    asio::async_write(
        stream_, asio::buffer(kContinue),
        [self = self(), reader = std::move(reader)](boost::system::error_code ec, std::size_t) {
          if (ec) return reader->end(error(ErrorCode::io, "the client left"));
          if (self->pump_) self->pump_->start(reader);
        });
  }

  void receive_body() {
    read_within(server_->options.body_timeout);
    bhttp::async_read(stream_, buffer_, *parser_,
                      [self = self()](boost::system::error_code ec, std::size_t) {
                        self->stop_reading_clock();
                        if (ec) return self->refuse(ec);
                        self->handle();
                      });
  }

  void handle() {
    lowest().expires_never();
    request_.body = std::move(parser_->get().body());
    if (!request_.body.empty() &&
        request_.header("content-type").value_or("").find("json") == std::string::npos) {
      return answer_error(415, error(ErrorCode::unsupported, "the body must be application/json"));
    }
    started_ = Clock::now();
    request_.deadline = started_ + route_->options.timeout;
    deadline_.expires_at(request_.deadline);
    const auto generation = ++generation_;
    deadline_.async_wait([weak = this->weak_from_this(), generation](boost::system::error_code ec) {
      auto connection = weak.lock();
      if (!ec && connection)
        connection->answered(generation, problem(error(ErrorCode::timeout, "no answer in time")));
    });
    // The connection lives as long as its deadline waits for it.
    pending_ = self();
    route_->handler(request_, responder(generation));
  }

  Responder responder(std::uint64_t generation) {
    return Responder(
        [weak = this->weak_from_this(), executor = executor_, generation](Response response) {
          asio::post(executor, [weak, generation, response = std::move(response)]() mutable {
            if (auto connection = weak.lock())
              connection->answered(generation, std::move(response));
          });
        });
  }

  void answered(std::uint64_t generation, Response response) {
    if (generation != generation_ || !pending_) return;  // too late: the 504 has gone out
    auto keep = std::move(pending_);
    deadline_.cancel();
    if (const auto pump = std::exchange(pump_, nullptr)) {
      started_ = Clock::now();  // a body may take hours: that is not how long we took
      pump->stop(error(ErrorCode::io, "the answer is out"));
      lowest().cancel();  // the read under way
    }
    answer(std::move(response));
  }

  // --- writing ---

  void answer_error(int status, const Error& e) { answer(problem_with_status(status, e)); }

  void answer(Response response) {
    if (response.take_over && !head_) return answer_with_stream(std::move(response));
    const int status = response.status;
    const bool until_close = response.feed && framing_ == Framing::until_close;
    if (until_close) keep_alive_ = false;
    goes_on_ = keep_alive_ && !server_->draining;
    const auto size =
        writer_.prepare(std::move(response), request_.request_id, goes_on_, head_, framing_);
    if (size) count(status, *size);
    if (until_close) end_with_reset(true);
    writer_.start([self = self(), status, fed = !size, until_close](boost::system::error_code ec,
                                                                    std::size_t bytes) {
      if (fed) self->count(status, bytes);
      // A body that is cut short must not look whole: the connection ends.
      if (fed && ec) return until_close ? self->close_at_once() : self->close();
      if (until_close) return self->end_body(ec);
      self->on_written(ec);
    });
  }

  /// Of a body that ends with the connection: over TLS that has to be told, or it was cut off (RFC
  /// 9112 section 9.8).
  void end_body(boost::system::error_code ec) {
    end_with_reset(false);
    if constexpr (std::is_same_v<Stream, ws::TlsStream>) {
      if (!ec) {
        lowest().expires_after(kGoodbye);
        return stream_.async_shutdown(
            [self = self()](boost::system::error_code gone) { self->on_written(gone); });
      }
    }
    on_written(ec);
  }

  void count(int status, std::size_t bytes) {
    server_->count(request_, pattern_, status,
                   std::chrono::duration<double>(Clock::now() - started_).count(), bytes);
  }

  /// The header, then whatever whoever takes the connection over sends.
  void answer_with_stream(Response response) {
    auto head = response_head(response, request_.request_id);
    head.set(bhttp::field::connection, "close");
    send_head(head_text(head), [response = std::move(response)](Connection& self) {
      self.hand_over(response.status,
                     ws::adopt_plain(std::move(self.stream_), self.server_->options.ws_limits),
                     response.take_over);
    });
  }

  void on_written(boost::system::error_code ec) {
    request_ = {};
    if (!ec && goes_on_ && !server_->draining) return read_header();
    // What the client still sends is not read: closing right away would reset the connection under
    // our answer.
    boost::system::error_code ignored;
    lowest().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    lowest().expires_after(kGoodbye);
    linger();
  }

  void linger() {
    stream_.async_read_some(buffer_.prepare(2048),
                            [self = self()](boost::system::error_code ec, std::size_t) {
                              if (ec) return self->close();
                              self->linger();
                            });
  }

  // --- WebSocket ---

  void start_websocket() {
    if (auto ok = check_upgrade(request_); !ok.ok()) return reject(problem(ok.error()));
    send_head(upgrade_answer(request_), [](Connection& self) {
      self.hand_over(101, ws::adopt(std::move(self.stream_), self.server_->options.ws_limits),
                     [&self](std::shared_ptr<ws::Session> session) {
                       self.route_->ws_handler(std::move(self.request_), std::move(session));
                     });
    });
  }

  // --- what outlives the request ---

  template <class Then>
  void send_head(std::string head, Then then) {
    head_text_ = std::move(head);
    lowest().expires_after(server_->options.write_timeout);
    asio::async_write(stream_, asio::buffer(head_text_),
                      [self = self(), then](boost::system::error_code ec, std::size_t) {
                        if (!ec) then(*self);
                      });
  }

  template <class Begin>
  void hand_over(int status, const std::shared_ptr<ws::SocketSession>& session,
                 const Begin& begin) {
    count(status, 0);
    handed_over_ = true;
    take_place(server_, number_, address_, session, beast::buffers_to_string(buffer_.data()),
               begin);
  }

  std::shared_ptr<Server::Impl> server_;
  Stream stream_;
  asio::any_io_executor executor_;
  const std::string address_;
  std::uint64_t number_ = 0;
  bool handed_over_ = false;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_{1U << 20};
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  Request request_;
  const Router::Route* route_ = nullptr;
  std::string pattern_ = "-";
  Clock::time_point started_ = Clock::now();
  std::uint64_t generation_ = 0;
  std::shared_ptr<Connection> pending_;
  std::shared_ptr<BodyPump<Stream>> pump_;  ///< while a body is streamed
  bool keep_alive_ = true;
  bool too_slow_ = false;
  std::size_t requests_ = 0;
  bool head_ = false;
  Framing framing_ = Framing::chunked;
  bool idle_ = true;
  AnswerWriter<Stream> writer_;
  bool goes_on_ = false;  ///< after the answer under way
  std::string head_text_;
};

}  // namespace

void start_connection(std::shared_ptr<Server::Impl> server, asio::ip::tcp::socket socket,
                      std::string address) {
  if (server->tls) {
    ws::TlsStream stream(beast::tcp_stream(std::move(socket)), *server->tls);
    std::make_shared<Connection<ws::TlsStream>>(std::move(server), std::move(stream),
                                                std::move(address))
        ->begin();
  } else {
    ws::PlainStream stream(std::move(socket));
    std::make_shared<Connection<ws::PlainStream>>(std::move(server), std::move(stream),
                                                  std::move(address))
        ->begin();
  }
}

}  // namespace troupe::http

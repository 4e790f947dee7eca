#include "net/api/relay/edge_link.hpp"

#include <deque>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

namespace troupe::api::relay {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Plain = beast::tcp_stream;
using Secure = beast::ssl_stream<beast::tcp_stream>;
using Code = boost::system::error_code;

constexpr std::chrono::seconds kConnectWithin{5}, kFetchWithin{5};
constexpr std::size_t kMaxUnsent = 2U << 20;

/// SNI and the name that the certificate has to be for.
Result<void> expect_name(Secure& stream, const std::string& host) {
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(host));
  if (SSL_set_tlsext_host_name(stream.native_handle(), host.c_str()) != 1)
    return error(ErrorCode::io, "TLS: the origin's name");
  return {};
}

ErrorCode code_of(int status) {
  constexpr int kUnauthorized = 401, kForbidden = 403, kMissing = 404;
  if (status == kUnauthorized) return ErrorCode::unauthenticated;
  if (status == kForbidden) return ErrorCode::forbidden;
  return status == kMissing ? ErrorCode::not_found : ErrorCode::unavailable;
}

template <class Next>
class SocketLink final : public Link, public std::enable_shared_from_this<SocketLink<Next>> {
 public:
  template <class... Args>
  SocketLink(asio::io_context& loop, LinkRequest request, LinkEvents events, Args&... args)
      : resolver_(loop),
        stream_(loop, args...),
        request_(std::move(request)),
        events_(std::move(events)) {}

  void start() {
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.expires_after(kConnectWithin);
    resolver_.async_resolve(request_.origin.host, std::to_string(request_.origin.port),
                            guarded("resolve", [this](const tcp::resolver::results_type& found) {
                              beast::get_lowest_layer(stream_).async_connect(
                                  found, guarded("connect", [this](const auto&...) { secure(); }));
                            }));
  }

  bool send(std::string text) override {
    if (unsent_ + text.size() > kMaxUnsent) return false;
    unsent_ += text.size();
    queue_.push_back(std::move(text));
    if (open_ && queue_.size() == 1) write();
    return true;
  }

  /// Its owner lets go: nothing is called any more, and the connection ends.
  void detach() {
    over_ = true;
    resolver_.cancel();
    beast::get_lowest_layer(stream_).close();
    // One of the callbacks may be what lets go.
    asio::post(stream_.get_executor(), [self = this->shared_from_this()] { self->events_ = {}; });
  }

 private:
  /// A handler that holds this, and ends the link on an error.
  template <class F>
  auto guarded(const char* what, F then) {
    return [self = this->shared_from_this(), what, then](Code ec, const auto&... args) {
      if (self->over_) return;
      if (ec) return self->fail(what, ec);
      then(args...);
    };
  }

  void secure() {
    if constexpr (std::is_same_v<Next, Secure>) {
      if (auto named = expect_name(stream_.next_layer(), request_.origin.host); !named.ok())
        return end(0, named.error());
      stream_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                           guarded("TLS", [this] { shake_hands(); }));
    } else {
      shake_hands();
    }
  }

  void shake_hands() {
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.expires_never();
    Code ignored;
    lowest.socket().set_option(tcp::no_delay(true), ignored);
    auto timeouts = websocket::stream_base::timeout::suggested(beast::role_type::client);
    timeouts.handshake_timeout = kConnectWithin;
    timeouts.idle_timeout = websocket::stream_base::none();  // its owner hears when nothing comes
    stream_.set_option(timeouts);
    stream_.read_message_max(request_.max_bytes);
    stream_.set_option(websocket::stream_base::decorator([this](websocket::request_type& out) {
      if (!request_.token.empty())
        out.set(beast::http::field::authorization, "Bearer " + request_.token);
    }));
    stream_.async_handshake(
        response_, request_.origin.authority(), request_.origin.base + request_.target,
        [self = this->shared_from_this()](Code ec) {
          if (self->over_) return;
          if (ec == websocket::error::upgrade_declined) {
            const auto status = static_cast<int>(self->response_.result_int());
            return self->end(0, error(code_of(status),
                                      "the origin answers with status " + std::to_string(status)));
          }
          if (ec) return self->fail("handshake", ec);
          self->opened();
        });
  }

  void opened() {
    open_ = true;
    events_.open();
    if (over_) return;
    if (!queue_.empty()) write();
    read();
  }

  void read() {
    stream_.async_read(
        buffer_, guarded("read", [this](const auto&...) {
          const auto data = buffer_.cdata();
          events_.message({static_cast<const char*>(data.data()), data.size()}, stream_.got_text());
          buffer_.clear();
          if (!over_) read();
        }));
  }

  void write() {
    stream_.text(true);
    stream_.async_write(asio::buffer(queue_.front()), guarded("write", [this](const auto&...) {
                          unsent_ -= queue_.front().size();
                          queue_.pop_front();
                          if (!queue_.empty()) write();
                        }));
  }

  void fail(const char* what, Code ec) {
    const auto reason = stream_.reason();
    // Over TLS the farewell may end without a notice after the close frame has come.
    if (ec == websocket::error::closed || reason.code != websocket::close_code::none)
      return end(reason.code,
                 error(ErrorCode::io, std::string(reason.reason.data(), reason.reason.size())));
    end(0, error(ErrorCode::io, std::string(what) + ": " + ec.message()));
  }

  void end(std::uint16_t code, const Error& why) {
    over_ = true;
    beast::get_lowest_layer(stream_).close();
    const auto events = std::exchange(events_, {});
    events.end(code, why);
  }

  tcp::resolver resolver_;
  websocket::stream<Next> stream_;
  const LinkRequest request_;
  LinkEvents events_;
  websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::size_t unsent_ = 0;
  bool open_ = false, over_ = false;
};

/// What owners hold: destroying it ends the connection.
template <class Next>
class Handle final : public Link {
 public:
  explicit Handle(std::shared_ptr<SocketLink<Next>> link) : link_(std::move(link)) {}
  ~Handle() override { link_->detach(); }
  bool send(std::string text) override { return link_->send(std::move(text)); }

 private:
  std::shared_ptr<SocketLink<Next>> link_;
};

template <class Stream>
class Get final : public std::enable_shared_from_this<Get<Stream>> {
 public:
  template <class... Args>
  Get(asio::io_context& loop, LinkRequest request, std::function<void(Result<Fetched>)> then,
      Args&... args)
      : resolver_(loop), stream_(loop, args...), link_(std::move(request)), then_(std::move(then)) {
    parser_.body_limit(link_.max_bytes);
    request_ = {beast::http::verb::get, link_.origin.base + link_.target, 11};
    request_.set(beast::http::field::host, link_.origin.authority());
    request_.set(beast::http::field::connection, "close");
    if (!link_.token.empty())
      request_.set(beast::http::field::authorization, "Bearer " + link_.token);
    request_.set("Troupe-Via", link_.via);
  }

  void start() {
    beast::get_lowest_layer(stream_).expires_after(kFetchWithin);
    resolver_.async_resolve(link_.origin.host, std::to_string(link_.origin.port),
                            guarded([this](const tcp::resolver::results_type& found) {
                              beast::get_lowest_layer(stream_).async_connect(
                                  found, guarded([this](const auto&...) { secure(); }));
                            }));
  }

 private:
  template <class F>
  auto guarded(F then) {
    return [self = this->shared_from_this(), then](Code ec, const auto&... args) {
      if (!ec) return then(args...);
      const auto code = ec == beast::error::timeout            ? ErrorCode::timeout
                        : ec == beast::http::error::body_limit ? ErrorCode::too_large
                                                               : ErrorCode::io;
      self->then_(error(code, "the origin: " + ec.message()));
    };
  }
  void secure() {
    if constexpr (std::is_same_v<Stream, Secure>) {
      if (auto named = expect_name(stream_, link_.origin.host); !named.ok())
        return then_(named.error());
      stream_.async_handshake(asio::ssl::stream_base::client, guarded([this] { ask(); }));
    } else {
      ask();
    }
  }
  void ask() {
    beast::http::async_write(stream_, request_, guarded([this](const auto&...) {
                               beast::http::async_read(stream_, buffer_, parser_,
                                                       guarded([this](const auto&...) { done(); }));
                             }));
  }
  void done() {
    auto& reply = parser_.get();
    const auto type = reply[beast::http::field::content_type];
    then_(Fetched{static_cast<int>(reply.result_int()),
                  {type.data(), type.size()},
                  std::make_shared<const std::string>(std::move(reply.body()))});
    beast::get_lowest_layer(stream_).close();
  }

  tcp::resolver resolver_;
  Stream stream_;
  const LinkRequest link_;
  std::function<void(Result<Fetched>)> then_;
  beast::http::request<beast::http::empty_body> request_;
  beast::http::response_parser<beast::http::string_body> parser_;
  beast::flat_buffer buffer_;
};

}  // namespace

std::shared_ptr<Link> open_link(asio::io_context& loop, asio::ssl::context& tls,
                                LinkRequest request, LinkEvents events) {
  if (request.origin.tls) {
    auto link =
        std::make_shared<SocketLink<Secure>>(loop, std::move(request), std::move(events), tls);
    link->start();
    return std::make_shared<Handle<Secure>>(std::move(link));
  }
  auto link = std::make_shared<SocketLink<Plain>>(loop, std::move(request), std::move(events));
  link->start();
  return std::make_shared<Handle<Plain>>(std::move(link));
}

void fetch(asio::io_context& loop, asio::ssl::context& tls, LinkRequest request,
           std::function<void(Result<Fetched>)> then) {
  if (request.origin.tls) {
    std::make_shared<Get<Secure>>(loop, std::move(request), std::move(then), tls)->start();
  } else {
    std::make_shared<Get<Plain>>(loop, std::move(request), std::move(then))->start();
  }
}

}  // namespace troupe::api::relay

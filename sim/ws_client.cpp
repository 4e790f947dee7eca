#include "sim/ws_client.hpp"

#include <optional>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

namespace troupe::sim {
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using tcp = boost::asio::ip::tcp;

namespace {
constexpr std::size_t kMaxMessageBytes = 64U << 20;

ErrorCode code_of_status(unsigned status) {
  switch (status) {
    case 400:
      return ErrorCode::invalid_argument;
    case 401:
      return ErrorCode::unauthenticated;
    case 403:
      return ErrorCode::forbidden;
    case 404:
      return ErrorCode::not_found;
    case 429:
      return ErrorCode::rate_limited;
    case 503:
      return ErrorCode::overloaded;
    default:
      return ErrorCode::io;
  }
}

}  // namespace

struct WsClient::Impl {
  boost::asio::io_context io{1};
  websocket::stream<tcp::socket> stream{io};
  beast::flat_buffer buffer;
  bool reading = false;
  std::optional<boost::system::error_code> read_done;

  void start_read() {
    reading = true;
    read_done.reset();
    stream.async_read(buffer, [this](boost::system::error_code ec, std::size_t) {
      reading = false;
      read_done = ec;
    });
  }
};

WsClient::WsClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WsClient::~WsClient() = default;
WsClient::WsClient(WsClient&&) noexcept = default;

Result<WsClient> WsClient::connect(const std::string& host, std::uint16_t port,
                                   const std::string& target, const std::string& bearer_token) {
  auto impl = std::make_unique<Impl>();
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, ec);
  if (ec) return error(ErrorCode::invalid_argument, "not an address: " + host);
  auto& socket = impl->stream.next_layer();
  socket.connect(tcp::endpoint(address, port), ec);
  if (ec) return error(ErrorCode::io, "connect: " + ec.message());
  socket.set_option(tcp::no_delay(true));
  impl->stream.read_message_max(kMaxMessageBytes);
  impl->stream.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    if (!bearer_token.empty())
      request.set(beast::http::field::authorization, "Bearer " + bearer_token);
  }));
  websocket::response_type response;
  impl->stream.handshake(response, host + ":" + std::to_string(port), target, ec);
  if (ec == websocket::error::upgrade_declined) {
    return error(code_of_status(response.result_int()),
                 "upgrade refused with status " + std::to_string(response.result_int()));
  }
  if (ec) return error(ErrorCode::io, "handshake: " + ec.message());
  return WsClient(std::move(impl));
}

Result<void> WsClient::send_text(std::string_view text) {
  boost::system::error_code ec;
  impl_->stream.text(true);
  impl_->stream.write(boost::asio::buffer(text.data(), text.size()), ec);
  if (ec) return error(ErrorCode::io, "write: " + ec.message());
  return {};
}

Result<void> WsClient::send_binary(std::string_view bytes) {
  boost::system::error_code ec;
  impl_->stream.binary(true);
  impl_->stream.write(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec) return error(ErrorCode::io, "write: " + ec.message());
  return {};
}

Result<WsMessage> WsClient::receive(std::chrono::milliseconds timeout) {
  // A read that outlives one call stays under way and completes in a later one.
  if (!impl_->reading && !impl_->read_done) impl_->start_read();
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!impl_->read_done && std::chrono::steady_clock::now() < until) {
    impl_->io.restart();
    impl_->io.run_one_until(until);
  }
  if (!impl_->read_done) return error(ErrorCode::timeout, "no message");
  const auto ec = *impl_->read_done;
  if (ec)
    return error(ErrorCode::io, "read: " + ec.message());  // stays set: the connection is over
  WsMessage message{impl_->stream.got_text(), beast::buffers_to_string(impl_->buffer.data())};
  impl_->buffer.consume(impl_->buffer.size());
  impl_->read_done.reset();
  return message;
}

std::uint16_t WsClient::close_code() const noexcept {
  return impl_->stream.reason().code;
}

void WsClient::close() {
  boost::system::error_code ec;
  impl_->stream.next_layer().shutdown(tcp::socket::shutdown_send, ec);
  impl_->stream.next_layer().close(ec);
}

}  // namespace troupe::sim

#include "net/ingest/rtmp_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/rand.h>

#include "net/ingest/rtmp_server_impl.hpp"

namespace troupe::ingest {
namespace asio = boost::asio;

namespace {

constexpr auto kLook = std::chrono::milliseconds(200);
constexpr auto kLinger = std::chrono::seconds(1);
constexpr std::uint8_t kTlsHandshake = 0x16;  // RFC 8446, section 5.1; RTMP begins with 3

std::string random_bytes() {
  std::string out(rtmp::kHandshakeRandom, '\0');
  // Nothing depends on its quality: RTMP only echoes it.
  RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
  return out;
}

}  // namespace

RtmpConnection::RtmpConnection(RtmpServer::Impl& server, asio::ip::tcp::socket socket,
                               std::string address, std::uint64_t id)
    : server_(server),
      socket_(std::move(socket)),
      address_(std::move(address)),
      id_(id),
      peer_(random_bytes(),
            {.publish = [this](const auto& name) { return publish(name); },
             .media = {.format = [this](auto format) { pass_on(std::move(format)); },
                       .frame = [this](auto frame) { pass_on(std::move(frame)); }}},
            server.options.chunks),
      timer_(server.io) {}

void RtmpConnection::start() {
  boost::system::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  arm();
  tell_protocol();
}

/// RTMPS is RTMP in TLS; the first byte tells.
void RtmpConnection::tell_protocol() {
  if (!server_.tls) return read();
  socket_.async_receive(asio::buffer(buffer_.data(), 1), asio::socket_base::message_peek,
                        [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                          if (ec) return self->drop();
                          if (self->buffer_[0] == kTlsHandshake) return self->begin_tls();
                          self->read();
                        });
}

void RtmpConnection::begin_tls() {
  tls_.emplace(socket_, *server_.tls);
  tls_->async_handshake(asio::ssl::stream_base::server,
                        [self = shared_from_this()](boost::system::error_code ec) {
                          if (ec) return self->drop();
                          self->read();
                        });
}

void RtmpConnection::read() {
  const auto done = [self = shared_from_this()](boost::system::error_code ec, std::size_t count) {
    if (ec) return self->drop();
    self->on_bytes(count);
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(buffer_), done);
  } else {
    socket_.async_read_some(asio::buffer(buffer_), done);
  }
}

void RtmpConnection::on_bytes(std::size_t count) {
  if (dropped_) return;
  if (ending_) return read();  // thrown away
  // Bytes alone keep no publisher's place: frames do.
  if (publisher_ == nullptr) heard_ = Clock::now();
  server_.bytes_total.Increment(static_cast<double>(count));
  peer_.set_unsent(sending_.size());
  const auto fed = peer_.feed({buffer_.data(), count});
  if (!fed.ok() && publisher_ == nullptr) count_refused(server_.metrics, fed.error());
  if (!fed.ok() || peer_.finished()) {
    end(fed);
  } else {
    flush();
  }
  if (!dropped_ && !paused_) read();
}

Result<void> RtmpConnection::publish(const rtmp::PublishName& name) {
  auto publisher = server_.publish(shared_from_this(), {name.session, name.key, name.backup});
  if (!publisher.ok()) return publisher.error();
  publisher_ = *publisher;
  return {};
}

void RtmpConnection::pass_on(MediaUnit unit) {
  heard_ = Clock::now();
  if (publisher_ != nullptr && !publisher_->write(std::move(unit))) paused_ = true;
}

void RtmpConnection::resume() {
  if (!std::exchange(paused_, false) || dropped_) return;
  heard_ = Clock::now();
  read();
}

void RtmpConnection::publisher_ended(const Result<void>& why) {
  publisher_ = nullptr;
  if (dropped_ || ending_) return;
  if (!why.ok()) peer_.fail(why.error());
  end(why);
  resume();
}

void RtmpConnection::flush() {
  if (!sending_.empty() || dropped_) return;
  sending_ = peer_.take_output();
  if (sending_.empty()) {
    if (!ending_) return;
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    return;
  }
  const auto done = [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
    if (ec) return self->drop();
    self->sending_.clear();
    self->flush();
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(sending_), done);
  } else {
    asio::async_write(socket_, asio::buffer(sending_), done);
  }
}

void RtmpConnection::arm() {
  timer_.expires_after(kLook);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (ec || self->dropped_) return;
    self->look_at_clock();
    if (!self->dropped_) self->arm();
  });
}

void RtmpConnection::look_at_clock() {
  const auto now = Clock::now();
  if (ending_) {
    if (now - *ending_ > kLinger) drop();
    return;
  }
  const bool late = !peer_.publishing() &&
                    now - opened_ > std::chrono::milliseconds(server_.options.publish_timeout_ms);
  const bool idle =
      !paused_ && now - heard_ > std::chrono::milliseconds(server_.options.idle_timeout_ms);
  if (!late && !idle) return;
  const auto why = error(ErrorCode::timeout,
                         late ? "nothing was published in time" : "nothing came for too long");
  if (publisher_ == nullptr) count_refused(server_.metrics, why);
  peer_.fail(why);
  end(why);
}

void RtmpConnection::end(const Result<void>& why) {
  if (ending_) return;
  ending_ = Clock::now();
  if (publisher_ != nullptr) publisher_->end(why);
  publisher_ = nullptr;
  flush();
}

void RtmpConnection::drop() {
  if (std::exchange(dropped_, true)) return;
  if (publisher_ != nullptr) publisher_->end({});
  publisher_ = nullptr;
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  server_.forget(id_);
}

}  // namespace troupe::ingest

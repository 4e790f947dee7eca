#include "net/ws/socket_session.hpp"

#include <atomic>

#include <boost/asio/ip/tcp.hpp>

#include "net/ws/frame.hpp"
#include "net/ws/stream_session.hpp"

namespace troupe::ws {
namespace {

constexpr std::uint16_t kNormal = 1000, kNoCode = 1005;
constexpr std::size_t kMaxIgnoredBytes = 64U << 10;  // whoever says more than that is no player

template <class Stream>
class WebSocketSession final : public StreamSession<Stream> {
 public:
  WebSocketSession(Stream stream, const SessionLimits& limits)
      : StreamSession<Stream>(std::move(stream), limits), parser_(limits.max_message_bytes) {}

  void begin(std::string leftover) override {
    sink_.message = [this](std::string_view bytes, bool is_text) {
      if (this->on_message_) this->on_message_(bytes, is_text);
    };
    sink_.ping = [this](std::string_view payload) {
      this->send(std::make_shared<const std::string>(encode_frame(Opcode::pong, payload)));
    };
    sink_.pong = [this](std::string_view) { pongs_missed_ = 0; };
    sink_.close = [this](std::uint16_t code) {
      this->start_close(code == kNoCode ? kNormal : code, "");
    };
    arm_ping();
    if (!leftover.empty()) received(leftover);
    this->read();
  }

 private:
  void received(std::string_view bytes) override {
    if (const auto bad = parser_.feed(bytes, sink_); bad != 0) this->start_close(bad, "");
  }

  [[nodiscard]] Frame farewell(std::uint16_t code, std::string_view reason) const override {
    return std::make_shared<const std::string>(
        encode_frame(Opcode::close, close_payload(code, reason)));
  }

  void arm_ping() {
    this->timer_.expires_after(std::chrono::milliseconds(this->limits_.ping_interval_ms));
    this->timer_.async_wait(
        [weak = std::weak_ptr<Session>(this->self())](boost::system::error_code ec) {
          const auto session = std::static_pointer_cast<WebSocketSession>(weak.lock());
          if (ec || !session || session->is_closing())
            return;  // the timer belongs to the close then
          if (session->pongs_missed_++ >= 2) return session->finish();
          session->send(std::make_shared<const std::string>(encode_frame(Opcode::ping, {})));
          session->arm_ping();
        });
  }

  FrameParser parser_;
  FrameParser::Sink sink_;
  int pongs_missed_ = 0;
};

/// Bytes as they are, one way: the end of the connection is all that can be said beside them.
template <class Stream>
class PlainSession final : public StreamSession<Stream> {
 public:
  PlainSession(Stream stream, const SessionLimits& limits)
      : StreamSession<Stream>(std::move(stream), limits) {
    // Nobody pings here: a peer that is gone without a word is found by the kernel.
    boost::system::error_code ignored;
    boost::beast::get_lowest_layer(this->stream_)
        .socket()
        .set_option(asio::socket_base::keep_alive(true), ignored);
  }

  void begin(std::string leftover) override {
    if (!leftover.empty()) received(leftover);
    this->read();
  }

 private:
  void received(std::string_view bytes) override {
    ignored_bytes_ += bytes.size();
    if (ignored_bytes_ > kMaxIgnoredBytes) this->start_close(0, "");
  }

  [[nodiscard]] Frame farewell(std::uint16_t, std::string_view) const override { return nullptr; }

  std::size_t ignored_bytes_ = 0;
};

}  // namespace

std::uint64_t next_session_id() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1);
}

Frame text_frame(std::string_view text) {
  return std::make_shared<const std::string>(encode_frame(Opcode::text, text));
}
Frame binary_frame(std::string_view bytes) {
  return std::make_shared<const std::string>(encode_frame(Opcode::binary, bytes));
}

std::uint16_t close_code(ErrorCode code) noexcept {
  if (code == ErrorCode::overloaded) return 1013;
  return static_cast<std::uint16_t>(4000 + static_cast<int>(code));
}

std::shared_ptr<SocketSession> adopt(PlainStream stream, const SessionLimits& limits) {
  return std::make_shared<WebSocketSession<PlainStream>>(std::move(stream), limits);
}
std::shared_ptr<SocketSession> adopt(TlsStream stream, const SessionLimits& limits) {
  return std::make_shared<WebSocketSession<TlsStream>>(std::move(stream), limits);
}
std::shared_ptr<SocketSession> adopt_plain(PlainStream stream, const SessionLimits& limits) {
  return std::make_shared<PlainSession<PlainStream>>(std::move(stream), limits);
}
std::shared_ptr<SocketSession> adopt_plain(TlsStream stream, const SessionLimits& limits) {
  return std::make_shared<PlainSession<TlsStream>>(std::move(stream), limits);
}

}  // namespace troupe::ws

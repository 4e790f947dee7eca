// Reads a body piece by piece from a connection's stream into its reader. Only for this room.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http.hpp>

#include "net/http/body_stream.hpp"

namespace troupe::http {

/// Lives on the connection's event loop, but for `resume`. `owner` keeps the stream and the buffer
/// while a read is under way.
template <class Stream>
class BodyPump final : public BodyFlow, public std::enable_shared_from_this<BodyPump<Stream>> {
 public:
  using Head = boost::beast::http::request_parser<boost::beast::http::string_body>;

  BodyPump(std::weak_ptr<void> owner, Stream& stream, boost::beast::flat_buffer& buffer,
           Head&& head, std::chrono::milliseconds longest_silence)
      : owner_(std::move(owner)),
        stream_(stream),
        executor_(stream.get_executor()),
        buffer_(buffer),
        parser_(std::move(head)),
        longest_silence_(longest_silence),
        silence_(executor_) {
    parser_.body_limit(boost::none);
  }

  void start(std::shared_ptr<BodyReader> reader) {
    reader_ = std::move(reader);
    read();
  }
  void resume() override {
    boost::asio::post(executor_, [self = this->shared_from_this()] {
      if (std::exchange(self->paused_, false)) self->read();
    });
  }
  /// No more is read; the reader is told how it ended, unless it has been.
  void stop(const Result<void>& how) {
    silence_.cancel();
    if (const auto reader = std::exchange(reader_, nullptr)) reader->end(how);
  }

 private:
  void read() {
    const auto owner = owner_.lock();
    if (!reader_ || !owner) return;
    if (parser_.is_done()) return stop({});
    auto& body = parser_.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    body.more = true;
    watch_silence();
    boost::beast::http::async_read_some(
        stream_, buffer_, parser_,
        [self = this->shared_from_this(), owner](boost::system::error_code ec, std::size_t) {
          self->on_read(ec);
        });
  }

  void watch_silence() {
    silence_.expires_after(longest_silence_);
    silence_.async_wait([weak = this->weak_from_this()](boost::system::error_code ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      const auto owner = self->owner_.lock();
      if (!owner) return;
      self->silent_ = true;
      boost::beast::get_lowest_layer(self->stream_).cancel();
    });
  }

  void on_read(boost::system::error_code ec) {
    silence_.cancel();
    if (!reader_) return;
    if (ec == boost::beast::http::error::need_buffer) ec = {};
    const auto got = piece_.size() - parser_.get().body().size;
    // The reader may stop us.
    const auto reader = reader_;
    if (got > 0) paused_ = !reader->bytes({piece_.data(), got});
    if (silent_) return stop(error(ErrorCode::timeout, "nothing came for too long"));
    if (ec) return stop(reason(ec));
    if (!paused_) read();
  }

  static Error reason(boost::system::error_code ec) {
    const bool gone =
        ec == boost::beast::http::error::partial_message ||
        ec == boost::beast::http::error::end_of_stream ||
        ec.category() !=
            boost::beast::http::make_error_code(boost::beast::http::error::bad_method).category();
    return gone ? error(ErrorCode::io, "the client left")
                : error(ErrorCode::corrupt, "not a body of HTTP: " + ec.message());
  }

  const std::weak_ptr<void> owner_;
  Stream& stream_;
  boost::asio::any_io_executor executor_;
  boost::beast::flat_buffer& buffer_;
  boost::beast::http::request_parser<boost::beast::http::buffer_body> parser_;
  const std::chrono::milliseconds longest_silence_;
  boost::asio::steady_timer silence_;
  std::shared_ptr<BodyReader> reader_;
  std::array<char, 32'768> piece_;
  bool paused_ = false;
  bool silent_ = false;
};

}  // namespace troupe::http

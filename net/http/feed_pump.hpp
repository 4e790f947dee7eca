// Writes a BodyFeed to a connection's stream. Only for connections.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/system/error_code.hpp>

#include "net/http/body_feed.hpp"

namespace troupe::http {

/// How a client sees where a body ends whose length nobody knows yet: by chunked transfer coding
/// (RFC 9112 section 7.1), or, before HTTP/1.1, by the end of the connection.
enum class Framing : std::uint8_t { chunked, until_close };

/// On the stream's event loop. `done` keeps the stream alive, is called once and says whether the
/// whole body went out, and how many bytes of it.
template <class Stream>
class FeedPump : public std::enable_shared_from_this<FeedPump<Stream>> {
 public:
  static constexpr std::size_t kAtOnce = 64U << 10;  ///< between two looks at the clock
  using Done = std::function<void(boost::system::error_code, std::size_t bytes)>;

  FeedPump(Stream& stream, std::shared_ptr<BodyFeed> feed, Framing framing,
           std::chrono::milliseconds write_timeout, Done done)
      : stream_(stream),
        feed_(std::move(feed)),
        framing_(framing),
        write_timeout_(write_timeout),
        done_(std::move(done)) {}

  /// `head`: status line and header, with the empty line.
  void start(std::string head) {
    text_ = std::move(head);
    write({boost::asio::buffer(text_)}, [](FeedPump& pump) { pump.next(); });
  }

 private:
  template <class Then>
  void write(std::vector<boost::asio::const_buffer> buffers, Then then) {
    // A client may be slow; one that takes nothing for the whole time is cut off.
    const auto on_progress = [this](boost::system::error_code ec, std::size_t) -> std::size_t {
      boost::beast::get_lowest_layer(stream_).expires_after(write_timeout_);
      return ec ? 0 : kAtOnce;
    };
    boost::asio::async_write(
        stream_, buffers, on_progress,
        [self = this->shared_from_this(), then](boost::system::error_code ec, std::size_t) {
          if (ec) return self->finish(ec);
          then(*self);
        });
  }

  void next() {
    boost::beast::get_lowest_layer(stream_).expires_never();
    auto taken = feed_->take([self = this->shared_from_this()] {
      boost::asio::post(self->stream_.get_executor(), [self] { self->next(); });
    });
    if (!taken) return;
    if (taken->broken) return finish(boost::asio::error::operation_aborted);
    taken_ = std::move(*taken);
    std::size_t size = 0;
    for (const auto& bytes : taken_.bytes) size += bytes->size();
    bytes_ += size;
    frame(size);
    std::vector<boost::asio::const_buffer> buffers{boost::asio::buffer(text_)};
    for (const auto& bytes : taken_.bytes) buffers.push_back(boost::asio::buffer(*bytes));
    buffers.push_back(boost::asio::buffer(end_));
    write(std::move(buffers), [](FeedPump& pump) {
      if (pump.taken_.ended) return pump.finish({});
      pump.next();
    });
  }

  /// What stands before and behind the bytes that were taken.
  void frame(std::size_t size) {
    text_.clear();
    end_.clear();
    if (framing_ == Framing::until_close) return;
    if (size > 0) {
      char length[24];
      std::snprintf(length, sizeof length, "%zx\r\n", size);
      text_ = length;
      end_ = "\r\n";
    }
    if (taken_.ended) end_ += "0\r\n\r\n";
  }

  void finish(boost::system::error_code ec) {
    feed_->abandon();
    if (const auto done = std::exchange(done_, nullptr)) done(ec, bytes_);
  }

  Stream& stream_;
  const std::shared_ptr<BodyFeed> feed_;
  const Framing framing_;
  const std::chrono::milliseconds write_timeout_;
  Done done_;
  std::string text_, end_;
  BodyFeed::Taken taken_;
  std::size_t bytes_ = 0;
};

}  // namespace troupe::http

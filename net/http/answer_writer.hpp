// Writes an answer to a connection's stream: bytes that are there, or those of a BodyFeed. Only for
// connections.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/http.hpp>

#include "net/http/feed_pump.hpp"
#include "net/http/response_head.hpp"

namespace troupe::http {

/// One answer after the other, on the stream's event loop.
template <class Stream>
class AnswerWriter {
 public:
  /// `bytes` of a body that was still being made; called once, and keeps the stream alive.
  using Done = std::function<void(boost::system::error_code, std::size_t bytes)>;

  AnswerWriter(Stream& stream, std::chrono::milliseconds write_timeout)
      : stream_(stream), write_timeout_(write_timeout) {}

  /// `head_only`: it answers HEAD. `framing`: of a body that is still being made. The size of the
  /// body; nothing: `Done` will tell.
  std::optional<std::size_t> prepare(Response response, const std::string& request_id,
                                     bool keep_alive, bool head_only, Framing framing) {
    response_ = std::move(response);
    message_.emplace(response_head(response_, request_id));
    message_->keep_alive(keep_alive);
    const bool bodyless = response_.status == 204 || response_.status == 304;
    fed_ = response_.feed && !bodyless && !head_only;
    if (fed_) {
      framing_ = framing;
      if (framing == Framing::chunked) message_->chunked(true);
      return std::nullopt;
    }
    if (response_.feed) response_.feed->abandon();  // nobody reads it
    const std::string& body = response_.shared_body ? *response_.shared_body : response_.body;
    if (!bodyless && !response_.feed && !response_.take_over) message_->content_length(body.size());
    if (!bodyless && !head_only) message_->body() = {body.data(), body.size()};
    return body.size();
  }

  void start(Done done) {
    done_ = std::move(done);
    if (!fed_) {
      serializer_.emplace(*message_);
      return write_more();
    }
    std::make_shared<FeedPump<Stream>>(
        stream_, response_.feed, framing_, write_timeout_,
        [this](boost::system::error_code ec, std::size_t bytes) { finish(ec, bytes); })
        ->start(head_text(message_->base()));
  }

 private:
  /// A client may be slow; one that takes nothing for the whole time is cut off.
  void write_more() {
    boost::beast::get_lowest_layer(stream_).expires_after(write_timeout_);
    // `done_` keeps this alive.
    boost::beast::http::async_write_some(
        stream_, *serializer_, [this, alive = done_](boost::system::error_code ec, std::size_t) {
          if (ec || serializer_->is_done()) return finish(ec, 0);
          write_more();
        });
  }

  void finish(boost::system::error_code ec, std::size_t bytes) {
    serializer_.reset();
    message_.reset();
    response_ = {};
    const auto done = std::exchange(done_, nullptr);
    done(ec, bytes);
  }

  using Body = boost::beast::http::span_body<const char>;

  Stream& stream_;
  const std::chrono::milliseconds write_timeout_;
  Response response_;
  std::optional<boost::beast::http::response<Body>> message_;
  std::optional<boost::beast::http::response_serializer<Body>> serializer_;
  bool fed_ = false;
  Framing framing_ = Framing::chunked;
  Done done_;
};

}  // namespace troupe::http

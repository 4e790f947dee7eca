#include "sim/flv_viewers.hpp"

#include <chrono>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "sim/flv_reader.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Clock = std::chrono::steady_clock;

class Viewer final : public std::enable_shared_from_this<Viewer> {
 public:
  Viewer(asio::io_context& loop, ViewerTotals& totals, Tap tap)
      : stream_(loop), totals_(totals), tap_(std::move(tap)), check_(totals) {
    parser_.body_limit(boost::none);
  }

  void start(const Endpoint& endpoint, const std::string& id) {
    began_ = Clock::now();
    request_.method(http::verb::get);
    request_.target("/live/" + id + ".flv");
    request_.version(11);
    request_.set(http::field::host, endpoint.host);
    const asio::ip::tcp::endpoint to(asio::ip::make_address(endpoint.host), endpoint.http_port);
    stream_.async_connect(to, [self = shared_from_this()](beast::error_code ec) {
      if (ec) return self->ended(ec.message());
      self->stream_.expires_never();
      http::async_write(self->stream_, self->request_,
                        [self](beast::error_code written, std::size_t) {
                          if (written) return self->ended(written.message());
                          self->read();
                        });
    });
  }

  void stop() {
    stopped_ = true;
    beast::error_code ignored;
    stream_.socket().close(ignored);
  }

 private:
  void read() {
    http::async_read_some(stream_, buffer_, parser_,
                          [self = shared_from_this()](beast::error_code ec, std::size_t) {
                            if (ec) return self->ended(ec.message());
                            self->on_bytes();
                          });
  }

  void on_bytes() {
    auto& message = parser_.get();
    if (parser_.is_header_done() && message.result() != http::status::ok)
      return ended(std::to_string(message.result_int()));
    totals_.bytes += message.body().size();
    if (tap_ && !message.body().empty()) tap_(message.body());
    const bool played = check_.playing();
    const bool fine = check_.take(message.body());
    if (!played && check_.playing())
      totals_.start.record(
          std::chrono::duration<double, std::milli>(Clock::now() - began_).count());
    message.body().clear();
    if (!fine) return stop();
    if (parser_.is_done()) return ended("the end of the body");
    read();
  }

  void ended(const std::string& why) {
    if (stopped_) return;
    ++totals_.closed;
    ++totals_.close_reasons[why];
  }

  beast::tcp_stream stream_;
  ViewerTotals& totals_;
  const Tap tap_;
  FlvCheck check_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> request_;
  http::response_parser<http::string_body> parser_;
  Clock::time_point began_{};
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<LiveViewer> watch_flv(asio::io_context& loop, const Endpoint& endpoint,
                                      const std::string& session_id, ViewerTotals& totals,
                                      Tap tap) {
  auto viewer = std::make_shared<Viewer>(loop, totals, std::move(tap));
  asio::post(loop, [viewer, endpoint, session_id] { viewer->start(endpoint, session_id); });
  return std::make_shared<StoppedOnLoop<Viewer>>(loop, std::move(viewer));
}

}  // namespace troupe::sim

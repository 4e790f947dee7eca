#include "sim/live_viewer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Stream = beast::websocket::stream<beast::tcp_stream>;

class Viewer final : public LiveViewer, public std::enable_shared_from_this<Viewer> {
 public:
  Viewer(asio::io_context& loop, ViewerTotals& totals, Tap tap)
      : stream_(loop), totals_(totals), check_(totals, std::move(tap)) {
    stream_.read_message_max(64U << 20);
  }

  void start(const Endpoint& endpoint, const std::string& id) {
    check_.begin();
    const asio::ip::tcp::endpoint to(asio::ip::make_address(endpoint.host), endpoint.http_port);
    host_ = endpoint.host;
    target_ = "/live/" + id + "/ws";
    beast::get_lowest_layer(stream_).async_connect(to, [self = shared_from_this()](
                                                           beast::error_code ec) {
      if (ec) return self->ended(ec);
      beast::get_lowest_layer(self->stream_).expires_never();
      self->stream_.async_handshake(self->host_, self->target_, [self](beast::error_code shake) {
        if (shake) return self->ended(shake);
        self->read();
      });
    });
  }

  void stop() {
    stopped_ = true;
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

 private:
  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](beast::error_code ec, std::size_t) {
      if (ec) return self->ended(ec);
      const auto data = self->buffer_.cdata();
      const std::string_view bytes(static_cast<const char*>(data.data()), data.size());
      if (self->stream_.got_text()) {
        self->on_text(bytes);
      } else {
        self->on_binary(bytes);
      }
      self->buffer_.consume(self->buffer_.size());
      self->read();
    });
  }

  void on_text(std::string_view text) {
    boost::system::error_code ec;
    const auto value = boost::json::parse(text, ec);
    if (ec || !value.is_object()) {
      ++totals_.corrupt;
      return;
    }
    const auto& message = value.get_object();
    const auto type =
        message.contains("type") ? message.at("type").as_string() : boost::json::string();
    if (type == "hello") {
      ++totals_.hellos;
      check_.afresh();
    } else if (type == "skip") {
      totals_.skipped += message.at("count").to_number<std::uint64_t>();
      check_.afresh();
    } else if (type == "viewers") {
      totals_.viewer_count = message.at("count").to_number<std::int64_t>();
    }
  }

  void on_binary(std::string_view bytes) {
    totals_.bytes += bytes.size();
    ++totals_.messages;
    check_.take(bytes);
  }

  void ended(const beast::error_code& ec) {
    if (stopped_) return;
    ++totals_.closed;
    const auto code = stream_.reason().code;
    ++totals_.close_reasons[code != 0 ? std::to_string(code) : ec.message()];
  }

  Stream stream_;
  ViewerTotals& totals_;
  StreamCheck check_;
  beast::flat_buffer buffer_;
  std::string host_, target_;
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<LiveViewer> watch(asio::io_context& loop, const Endpoint& endpoint,
                                  const std::string& session_id, ViewerTotals& totals, Tap tap) {
  auto viewer = std::make_shared<Viewer>(loop, totals, std::move(tap));
  asio::post(loop, [viewer, endpoint, session_id] { viewer->start(endpoint, session_id); });
  return std::make_shared<StoppedOnLoop<Viewer>>(loop, std::move(viewer));
}

}  // namespace troupe::sim

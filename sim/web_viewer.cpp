#include "sim/web_viewer.hpp"

#include <memory>

#include <fmt/format.h>

#include "sim/hls_playlist.hpp"

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kKnockEvery = std::chrono::milliseconds(500);

}  // namespace

WebViewer::WebViewer(boost::asio::io_context& loop, const Endpoint& endpoint,
                     std::size_t connections, ViewerTotals& totals, Tap tap)
    : http_(loop, endpoint.host, endpoint.http_port, connections),
      totals_(totals),
      check_(totals, std::move(tap)),
      timer_(loop) {}

void WebViewer::enter(const std::string& target,
                      std::function<void(const std::string&, const std::string&)> then) {
  began_ = Clock::now();
  check_.begin();
  entered_ = std::move(then);
  knock(target);
}

void WebViewer::knock(const std::string& target) {
  auto moved = std::make_shared<std::string>();
  HttpJob job{"GET", target, {}, {}, Clock::now(), {}, {}, {}};
  job.redirected = [target, moved](const std::string& location) {
    *moved = resolve(target, location);
  };
  job.done = [this, target, moved](int status, const std::string& body, double) {
    if (!moved->empty()) return knock(*moved);
    if (status == 200) return entered_(body, target);
    if (status != 503 || Clock::now() - began_ > kBeginningWithin) return refused(status);
    timer_.expires_after(kKnockEvery);
    timer_.async_wait([this, target](boost::system::error_code ec) {
      if (!ec) knock(target);
    });
  };
  submit(std::move(job));
}

void WebViewer::get(const std::string& target, std::function<void(const std::string&)> then) {
  submit({"GET",
          target,
          {},
          {},
          Clock::now(),
          [this, then = std::move(then)](int status, const std::string& body, double) {
            status == 200 ? then(body) : refused(status);
          },
          {},
          {}});
}

void WebViewer::get_media(const std::string& target, std::function<void()> then) {
  auto cutter = std::make_shared<FragmentCutter>();
  const auto take = [this, cutter](std::string_view piece) {
    totals_.bytes += piece.size();
    const auto fine = cutter->feed(piece, [this](std::string_view message) {
      ++totals_.messages;
      check_.take(message);
    });
    if (!fine.ok()) ++totals_.corrupt;
  };
  submit({"GET",
          target,
          {},
          {},
          Clock::now(),
          [this, cutter, then = std::move(then)](int status, const std::string&, double) {
            if (status != 200) return refused(status);
            if (!cutter->whole()) ++totals_.corrupt;
            then();
          },
          {},
          take});
}

void WebViewer::submit(HttpJob job) {
  if (!http_.submit(std::move(job))) ++totals_.close_reasons["too many requests wait"];
}

void WebViewer::refused(int status) {
  ++totals_.closed;
  ++totals_.close_reasons[status == 0 ? "connection lost" : fmt::format("HTTP {}", status)];
}

}  // namespace troupe::sim

// What viewers over HTTP share: requests, and checking what comes back.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "sim/endpoint.hpp"
#include "sim/http_load.hpp"
#include "sim/stream_check.hpp"

namespace troupe::sim {

/// A few connections of one viewer, as a browser has over HTTP/1.1. On its loop only.
class WebViewer {
 public:
  WebViewer(boost::asio::io_context& loop, const Endpoint& endpoint, std::size_t connections,
            ViewerTotals& totals, Tap tap);

  /// The viewer begins now: its first picture counts from here. `then` gets the text behind
  /// `target` and where it was found in the end. While the stream is just beginning (503) it is
  /// asked for again, for kBeginningWithin.
  void enter(const std::string& target,
             std::function<void(const std::string& text, const std::string& target)> then);
  /// What comes next need not go on where the last left off.
  void afresh() { check_.afresh(); }

  /// A text. Any status but 200 is counted, and nothing follows.
  void get(const std::string& target, std::function<void(const std::string&)> then);
  /// Media: inits and fragments, checked as they come. `then` follows once all of it was whole.
  void get_media(const std::string& target, std::function<void()> then);

  [[nodiscard]] ViewerTotals& totals() noexcept { return totals_; }

  static constexpr auto kBeginningWithin = std::chrono::seconds(15);

 private:
  void knock(const std::string& target);
  void submit(HttpJob job);
  void refused(int status);

  HttpLoad http_;
  ViewerTotals& totals_;
  StreamCheck check_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point began_{};
  std::function<void(const std::string&, const std::string&)> entered_;
};

}  // namespace troupe::sim

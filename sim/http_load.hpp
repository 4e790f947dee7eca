// Many keep-alive connections that work off one queue of requests; for loads with due times.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace troupe::sim {

struct HttpJob {
  std::string method, target, body, token;
  std::chrono::steady_clock::time_point
      due;  ///< latency counts from here, not from when a connection was free
  /// `status` 0: the connection failed. `ms`: from `due` to the whole answer.
  std::function<void(int status, const std::string& body, double ms)> done;
  /// Of an answer that leads elsewhere (3xx), before `done`: where to.
  std::function<void(const std::string& location)> redirected = {};
  /// Gets the body of a 200 as it comes; `done` has nothing of it then.
  std::function<void(std::string_view piece)> piece = {};
};

/// One thread: the one that runs `io`. Connections open on first use and again after a failure; a
/// failed request is not repeated.
class HttpLoad {
 public:
  HttpLoad(boost::asio::io_context& io, std::string host, std::uint16_t port,
           std::size_t connections);
  ~HttpLoad();

  /// False when `kMaxQueued` requests wait already: the server is far behind.
  [[nodiscard]] bool submit(HttpJob job);
  [[nodiscard]] std::size_t queued() const noexcept { return queue_.size(); }
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return connections_.size() - idle_.size();
  }

  static constexpr std::size_t kMaxQueued = 20'000;

 private:
  class Connection;
  void next(Connection& connection);

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::deque<HttpJob> queue_;
};

}  // namespace troupe::sim

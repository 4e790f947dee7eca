// What the acceptor and the connections share.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/server.hpp"

namespace troupe::http {

/// A connection or WebSocket that drain() can reach.
class Drainable {
 public:
  virtual ~Drainable() = default;
  virtual void drain() = 0;  ///< Any thread.
  virtual void cut() = 0;    ///< Any thread.
};

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(IoPool& io_in, const Router& router_in, Metrics& metrics_in, ServerOptions options_in);

  Result<void> start();
  void accept();
  void accept_later();
  void accepted(boost::asio::ip::tcp::socket socket);

  /// Called by connections, any thread.
  std::uint64_t enlist(std::weak_ptr<Drainable> connection);
  void leave(std::uint64_t number, const std::string& address);
  RateLimiter::Verdict allow(const std::string& address);
  void count(const Request& request, const std::string& pattern, int status, double seconds,
             std::size_t bytes);

  IoPool& io;
  const Router& router;
  Metrics& metrics;
  const ServerOptions options;
  std::optional<boost::asio::ssl::context> tls;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer accept_again;
  std::atomic<bool> draining{false};

  prometheus::Gauge& connections_gauge;
  prometheus::Counter& refused_total;
  prometheus::Histogram& seconds_histogram;

  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::weak_ptr<Drainable>> connections;
  std::unordered_map<std::string, std::size_t> per_address;
  std::map<std::pair<std::string, int>, prometheus::Counter*> by_route;
  RateLimiter limiter;
  std::uint64_t next_number = 1;
};

}  // namespace troupe::http

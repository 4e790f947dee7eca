#include "net/http/server.hpp"

#include <thread>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include "net/http/connection.hpp"
#include "net/http/server_impl.hpp"

namespace troupe::http {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {
constexpr std::size_t kMaxRateKeys = 100'000;
constexpr auto kDrainPoll = std::chrono::milliseconds(5);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // when descriptors run out
}  // namespace

Server::Impl::Impl(IoPool& io_in, const Router& router_in, Metrics& metrics_in,
                   ServerOptions options_in)
    : io(io_in),
      router(router_in),
      metrics(metrics_in),
      options(std::move(options_in)),
      acceptor(io.at(0)),
      accept_again(io.at(0)),
      connections_gauge(
          metrics.gauge("troupe_http_connections", "Open connections, WebSockets included")),
      refused_total(
          metrics.counter("troupe_http_connections_refused_total", "Connections over a limit")),
      seconds_histogram(metrics.histogram("troupe_http_request_seconds",
                                          "From the end of the request to its answer",
                                          latency_buckets())),
      limiter(options.rate_limit, kMaxRateKeys) {}

Result<void> Server::Impl::start() {
  boost::system::error_code ec;
  if (!options.tls_certificate.empty()) {
    tls.emplace(asio::ssl::context::tls_server);
    tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                     asio::ssl::context::single_dh_use);
    tls->use_certificate_chain_file(options.tls_certificate, ec);
    if (!ec) tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, ec);
    if (ec) return error(ErrorCode::io, "TLS: " + ec.message());
  }
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return error(ErrorCode::invalid_argument, "not an address: " + options.address);
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return error(ErrorCode::io, "HTTP on " + options.address + ":" + std::to_string(options.port) +
                                    ": " + ec.message());
  }
  accept();
  return {};
}

void Server::Impl::accept() {
  acceptor.async_accept(
      io.next(), [self = shared_from_this()](boost::system::error_code ec, tcp::socket socket) {
        if (self->draining || ec == asio::error::operation_aborted) return;
        if (ec) return self->accept_later();
        self->accepted(std::move(socket));
        self->accept();
      });
}

/// A connection that cannot be accepted stays in the queue: asking at once would ask for ever.
void Server::Impl::accept_later() {
  accept_again.expires_after(kAcceptPause);
  accept_again.async_wait([self = shared_from_this()](boost::system::error_code ec) {
    if (!ec && !self->draining) self->accept();
  });
}

void Server::Impl::accepted(tcp::socket socket) {
  boost::system::error_code ec;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return;
  auto address = remote.address().to_string();
  socket.set_option(tcp::no_delay(true), ec);
  {
    const std::lock_guard lock(mutex);
    auto& of_address = per_address[address];
    if (connections.size() >= options.max_connections ||
        of_address >= options.max_connections_per_address) {
      if (of_address == 0) per_address.erase(address);
      refused_total.Increment();
      return;  // closes: a client that is over a limit gets no work done for it
    }
    ++of_address;
  }
  auto executor = socket.get_executor();
  asio::post(executor, [self = shared_from_this(), socket = std::move(socket),
                        address = std::move(address)]() mutable {
    start_connection(self, std::move(socket), std::move(address));
  });
}

std::uint64_t Server::Impl::enlist(std::weak_ptr<Drainable> connection) {
  const std::lock_guard lock(mutex);
  connections.emplace(next_number, std::move(connection));
  connections_gauge.Set(static_cast<double>(connections.size()));
  return next_number++;
}

void Server::Impl::leave(std::uint64_t number, const std::string& address) {
  const std::lock_guard lock(mutex);
  connections.erase(number);
  connections_gauge.Set(static_cast<double>(connections.size()));
  const auto it = per_address.find(address);
  if (it != per_address.end() && --it->second == 0) per_address.erase(it);
}

RateLimiter::Verdict Server::Impl::allow(const std::string& address) {
  if (options.rate_limit.per_second <= 0) return {};
  const std::lock_guard lock(mutex);
  return limiter.take(address, std::chrono::steady_clock::now());
}

void Server::Impl::count(const Request& request, const std::string& pattern, int status,
                         double seconds, std::size_t bytes) {
  seconds_histogram.Observe(seconds);
  prometheus::Counter* counter = nullptr;
  {
    const std::lock_guard lock(mutex);
    auto& slot = by_route[{pattern, status}];
    if (slot == nullptr) {
      slot = &metrics.counter("troupe_http_requests_total", "Requests answered",
                              {{"route", pattern}, {"status", std::to_string(status)}});
    }
    counter = slot;
  }
  counter->Increment();
  if (!options.access_log) return;
  spdlog::info("access {}", boost::json::serialize(boost::json::object{
                                {"id", request.request_id},
                                {"remote", request.remote},
                                {"method", request.method},
                                {"path", request.path},
                                {"subject", request.principal ? request.principal->subject : ""},
                                {"status", status},
                                {"bytes", bytes},
                                {"ms", seconds * 1000}}));
}

Server::Server(IoPool& io, const Router& router, Metrics& metrics, ServerOptions options)
    : impl_(std::make_shared<Impl>(io, router, metrics, std::move(options))) {}

Server::~Server() {
  boost::system::error_code ignored;
  impl_->draining = true;
  impl_->acceptor.close(ignored);
}

Result<void> Server::start() {
  return impl_->start();
}

std::uint16_t Server::port() const noexcept {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

std::size_t Server::drain(std::chrono::milliseconds timeout) {
  impl_->draining = true;
  asio::post(impl_->acceptor.get_executor(), [impl = impl_] {
    boost::system::error_code ignored;
    impl->acceptor.close(ignored);
  });
  const auto list = [this] {
    std::vector<std::shared_ptr<Drainable>> out;
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [number, weak] : impl_->connections) {
      if (auto connection = weak.lock()) out.push_back(std::move(connection));
    }
    return out;
  };
  for (const auto& connection : list()) connection->drain();
  const auto until = std::chrono::steady_clock::now() + timeout;
  auto left = list();
  while (!left.empty() && std::chrono::steady_clock::now() < until) {
    left.clear();
    std::this_thread::sleep_for(kDrainPoll);
    left = list();
  }
  for (const auto& connection : left) connection->cut();
  return left.size();
}

}  // namespace troupe::http

#include "net/ingest/rtmp_server.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "net/ingest/rtmp_server_impl.hpp"

namespace troupe::ingest {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // when descriptors run out
}

RtmpServer::Impl::Impl(Metrics& metrics_in, RtmpOptions options_in)
    : metrics(metrics_in),
      options(std::move(options_in)),
      bytes_total(metrics.counter("troupe_ingest_bytes_total", "Bytes received from publishers")),
      connections_open(metrics.gauge("troupe_ingest_rtmp_connections",
                                     "RTMP connections, those that do not publish included")) {}

RtmpServer::Impl::~Impl() {
  io.stop();
  if (thread_.joinable()) thread_.join();
  publishers_.clear();
  connections_.clear();
}

Result<void> RtmpServer::Impl::listen() {
  boost::system::error_code ec;
  if (!options.tls_certificate.empty()) {
    tls.emplace(asio::ssl::context::tls_server);
    tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
    tls->use_certificate_chain_file(options.tls_certificate, ec);
    if (!ec) tls->use_private_key_file(options.tls_key, asio::ssl::context::pem, ec);
    if (ec) return error(ErrorCode::io, "TLS: " + ec.message());
  }
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return error(ErrorCode::invalid_argument, "not an address: " + options.address);
  const tcp::endpoint endpoint(address, options.port);
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (ec) {
    return error(ErrorCode::io, "RTMP on " + options.address + ":" + std::to_string(options.port) +
                                    ": " + ec.message());
  }
  accept();
  thread_ = std::thread([this] { io.run(); });
  return {};
}

Result<void> RtmpServer::Impl::admit(const std::string& address) const {
  if (connections_.size() >= options.max_connections)
    return error(ErrorCode::overloaded, "too many connections");
  const auto of_address =
      std::count_if(connections_.begin(), connections_.end(),
                    [&](const auto& entry) { return entry.second->address() == address; });
  if (static_cast<std::size_t>(of_address) >= options.max_connections_per_address)
    return error(ErrorCode::rate_limited, "too many connections of this address");
  return {};
}

void RtmpServer::Impl::accept() {
  acceptor_.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
    if (ec == asio::error::operation_aborted) return;
    if (ec) {
      accept_again_.expires_after(kAcceptPause);
      accept_again_.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) accept();
      });
      return;
    }
    boost::system::error_code gone;
    const auto address = socket.remote_endpoint(gone).address().to_string();
    const auto verdict = admit(address);
    if (!verdict.ok()) count_refused(metrics, verdict.error());
    if (verdict.ok() && !gone) {
      const auto id = next_id_++;
      const auto connection =
          std::make_shared<RtmpConnection>(*this, std::move(socket), address, id);
      connections_.emplace(id, connection);
      connections_open.Increment();
      connection->start();
    }
    accept();
  });
}

Result<RtmpPublisher*> RtmpServer::Impl::publish(const std::shared_ptr<RtmpConnection>& connection,
                                                 const PublishRequest& request) {
  auto place = options.places->take(connection->address());
  if (!place.ok()) return place.error();
  auto sink = options.door.publish(request);
  if (!sink.ok()) return sink.error();
  const auto id = next_id_++;
  RtmpPublisher::Options its;
  its.session = request.session;
  its.packager = options.packager;
  its.max_unpackaged_bytes = options.max_unpackaged_bytes;
  its.probe_timeout = std::chrono::milliseconds(options.probe_timeout_ms);
  const std::weak_ptr<RtmpConnection> weak = connection;
  its.on_room = [this, weak] {
    asio::post(io, [weak] {
      if (const auto alive = weak.lock()) alive->resume();
    });
  };
  its.on_end = [this, weak, id](const Result<media::PackageStats>& outcome) {
    const auto why = outcome.ok() ? Result<void>() : Result<void>(outcome.error());
    asio::post(io, [this, weak, id, why] {
      if (const auto alive = weak.lock()) alive->publisher_ended(why);
      publishers_.erase(id);  // joins a thread that has nothing left to do
    });
  };
  auto publisher =
      std::make_unique<RtmpPublisher>(metrics, std::move(its), std::move(*sink), std::move(*place));
  return publishers_.emplace(id, std::move(publisher)).first->second.get();
}

void RtmpServer::Impl::forget(std::uint64_t connection_id) {
  if (connections_.erase(connection_id) > 0) connections_open.Decrement();
}

RtmpServer::RtmpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RtmpServer::~RtmpServer() = default;

Result<std::unique_ptr<RtmpServer>> RtmpServer::start(Metrics& metrics, RtmpOptions options) {
  auto impl = std::make_unique<Impl>(metrics, std::move(options));
  if (auto done = impl->listen(); !done.ok()) return done.error();
  return std::unique_ptr<RtmpServer>(new RtmpServer(std::move(impl)));
}

std::uint16_t RtmpServer::port() const noexcept {
  boost::system::error_code ignored;
  return impl_->acceptor_.local_endpoint(ignored).port();
}

}  // namespace troupe::ingest

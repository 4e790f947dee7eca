// What an RtmpServer and its connections share. Only for this room.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "net/ingest/rtmp_connection.hpp"
#include "net/ingest/rtmp_publisher.hpp"
#include "net/ingest/rtmp_server.hpp"

namespace troupe::ingest {

struct RtmpServer::Impl {
  Impl(Metrics& metrics_in, RtmpOptions options_in);
  ~Impl();

  Result<void> listen();
  /// For `connection`; it is told when the publisher ends. Errors: those of the door and the
  /// places.
  Result<RtmpPublisher*> publish(const std::shared_ptr<RtmpConnection>& connection,
                                 const PublishRequest& request);
  void forget(std::uint64_t connection_id);

  boost::asio::io_context io{1};
  Metrics& metrics;
  const RtmpOptions options;
  prometheus::Counter& bytes_total;
  prometheus::Gauge& connections_open;
  std::optional<boost::asio::ssl::context> tls;

 private:
  void accept();
  [[nodiscard]] Result<void> admit(const std::string& address) const;

  boost::asio::ip::tcp::acceptor acceptor_{io};
  boost::asio::steady_timer accept_again_{io};
  std::unordered_map<std::uint64_t, std::shared_ptr<RtmpConnection>> connections_;
  std::unordered_map<std::uint64_t, std::unique_ptr<RtmpPublisher>> publishers_;
  std::uint64_t next_id_ = 1;
  std::thread thread_;

  friend class RtmpServer;
};

}  // namespace troupe::ingest

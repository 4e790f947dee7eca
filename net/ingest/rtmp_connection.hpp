// One RTMP or RTMPS connection on the server's event loop. Only for this room.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "net/ingest/media_pipe.hpp"
#include "net/ingest/rtmp/peer.hpp"
#include "net/ingest/rtmp_server.hpp"

namespace troupe::ingest {

class RtmpPublisher;

/// All members run on the loop.
class RtmpConnection : public std::enable_shared_from_this<RtmpConnection> {
 public:
  using Clock = std::chrono::steady_clock;

  RtmpConnection(RtmpServer::Impl& server, boost::asio::ip::tcp::socket socket, std::string address,
                 std::uint64_t id);

  void start();
  /// The packager has taken what it had: reading goes on.
  void resume();
  /// The publication is over, and its publisher about to go.
  void publisher_ended(const Result<void>& why);

  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  Result<void> publish(const rtmp::PublishName& name);
  void pass_on(MediaUnit unit);
  void tell_protocol();
  void begin_tls();
  void read();
  void on_bytes(std::size_t count);
  void flush();
  void arm();
  void look_at_clock();
  /// Sends what is to be sent and waits a moment, so that the peer reads why; then drops.
  void end(const Result<void>& why);
  void drop();

  RtmpServer::Impl& server_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  const std::string address_;
  const std::uint64_t id_;
  rtmp::Peer peer_;
  boost::asio::steady_timer timer_;
  RtmpPublisher* publisher_ = nullptr;  ///< the server owns it
  const Clock::time_point opened_ = Clock::now();
  Clock::time_point heard_ = opened_;
  std::optional<Clock::time_point> ending_;  ///< when it began to end
  std::string sending_;
  bool paused_ = false;
  bool dropped_ = false;
  std::array<std::uint8_t, 32U << 10> buffer_;
};

}  // namespace troupe::ingest

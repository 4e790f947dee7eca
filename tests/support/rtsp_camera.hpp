// A camera that speaks as much RTSP (RFC 2326) as a player over TCP needs.
#pragma once

#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "sim/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {

/// Shows one player a second of pictures, then hangs up.
class RtspCamera {
 public:
  RtspCamera() {
    record();
    thread_ = std::thread([this] { serve(); });
  }
  ~RtspCamera() {
    boost::system::error_code ignored;
    boost::asio::ip::tcp::socket nobody(io_);  // it may still wait for one
    nobody.connect(acceptor_.local_endpoint(), ignored);
    nobody.close(ignored);
    thread_.join();
  }
  RtspCamera(const RtspCamera&) = delete;
  RtspCamera& operator=(const RtspCamera&) = delete;

  [[nodiscard]] std::string url() const {
    return "rtsp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/camera";
  }
  /// That the player asked for.
  [[nodiscard]] std::string transport() const {
    const std::lock_guard lock(mutex_);
    return transport_;
  }

 private:
  /// ffmpeg's packets of RTP, and its description of them.
  void record() {
    const TempDir dir;
    boost::asio::ip::udp::socket socket(
        io_, {boost::asio::ip::make_address("127.0.0.1"), std::uint16_t{0}});
    const auto port = std::to_string(socket.local_endpoint().port());
    const std::vector<std::string> argv{"ffmpeg",
                                        "-loglevel",
                                        "error",
                                        "-f",
                                        "lavfi",
                                        "-i",
                                        "testsrc2=size=160x90:rate=30",
                                        "-t",
                                        "1",
                                        "-c:v",
                                        "libx264",
                                        "-preset",
                                        "ultrafast",
                                        "-tune",
                                        "zerolatency",
                                        "-g",
                                        "15",
                                        "-pix_fmt",
                                        "yuv420p",
                                        "-f",
                                        "rtp",
                                        "-sdp_file",
                                        dir / "sdp",
                                        "rtp://127.0.0.1:" + port};
    EXPECT_EQ(sim::ChildProcess::start(argv, {.stdout_path = dir / "out"})
                  ->wait(std::chrono::seconds(30)),
              0);
    std::ifstream file(dir / "sdp");
    description_ = {std::istreambuf_iterator<char>(file), {}};
    const auto at = description_.find("m=video " + port);
    if (at != std::string::npos) description_.replace(at, 8 + port.size(), "m=video 0");
    std::string packet(65'536, '\0');
    while (socket.available() > 0) {
      const auto size = socket.receive(boost::asio::buffer(packet));
      packets_.push_back(packet.substr(0, size));
    }
  }

  void serve() {
    boost::system::error_code ec;
    boost::asio::ip::tcp::socket player(io_);
    acceptor_.accept(player, ec);
    std::string buffer;
    while (!ec) {
      const auto end =
          boost::asio::read_until(player, boost::asio::dynamic_buffer(buffer), "\r\n\r\n", ec);
      if (ec) return;
      const auto request = buffer.substr(0, end);
      buffer.erase(0, end);
      boost::asio::write(player, boost::asio::buffer(answer(request)), ec);
      if (!request.starts_with("PLAY")) continue;
      for (const auto& packet : packets_) {
        const std::string head{'$', '\0', static_cast<char>(packet.size() >> 8),
                               static_cast<char>(packet.size())};
        boost::asio::write(player, boost::asio::buffer(head + packet), ec);
      }
      return;
    }
  }

  std::string answer(const std::string& request) {
    const auto header = [&](const std::string& name) {
      const auto at = request.find(name + ": ");
      if (at == std::string::npos) return std::string();
      const auto from = at + name.size() + 2;
      return request.substr(from, request.find("\r\n", from) - from);
    };
    std::string out = "RTSP/1.0 200 OK\r\nCSeq: " + header("CSeq") + "\r\nSession: 1\r\n";
    if (request.starts_with("SETUP")) {
      const std::lock_guard lock(mutex_);
      transport_ = header("Transport");
      out += "Transport: " + transport_ + "\r\n";
    }
    if (!request.starts_with("DESCRIBE")) return out + "\r\n";
    return out + "Content-Type: application/sdp\r\nContent-Length: " +
           std::to_string(description_.size()) + "\r\n\r\n" + description_;
  }

  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{
      io_, {boost::asio::ip::make_address("127.0.0.1"), std::uint16_t{0}}};
  std::string description_;
  std::vector<std::string> packets_;
  mutable std::mutex mutex_;
  std::string transport_;
  std::thread thread_;
};

}  // namespace troupe::test

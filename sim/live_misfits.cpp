#include "sim/live_misfits.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

enum class Manner { stalled, slow, flapping, hostile };

struct Shared {
  asio::io_context loop{1};
  tcp::endpoint server;
  std::string target;
  std::minstd_rand random{11};
  bool stopping = false;
  std::atomic<std::uint64_t> connections{0}, turned_away{0};
};

/// The head of RFC 6455, section 1.3, with its own example key.
std::string handshake(const std::string& target) {
  return "GET " + target +
         " HTTP/1.1\r\nHost: troupe\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

/// What a hostile one sends, in turn. Frames after RFC 6455, section 5.2.
std::string attack(std::uint64_t round, const std::string& target, std::minstd_rand& random) {
  using namespace std::string_literals;
  switch (round % 6) {
    case 0:  // a binary frame of 2^62 bytes
      return handshake(target) + "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00mask"s;
    case 1:  // not masked
      return handshake(target) + "\x81\x05hello"s;
    case 2:  // a fragmented ping, and reserved bits
      return handshake(target) + "\x79\x80mask"s;
    case 3:  // a head without an end
      return "GET " + target + " HTTP/1.1\r\n" + std::string(60'000, 'x');
    case 4: {  // much text that is no JSON
      std::string out = handshake(target);
      for (int i = 0; i < 64; ++i) out += "\x81\xfe\x04\x00\0\0\0\0"s + std::string(1'024, '{');
      return out;
    }
    default: {
      std::string out(4'096, '\0');
      for (auto& byte : out) byte = static_cast<char>(random());
      return out;
    }
  }
}

class Misfit : public std::enable_shared_from_this<Misfit> {
 public:
  Misfit(Shared& shared, Manner manner)
      : shared_(shared), manner_(manner), socket_(shared.loop), timer_(shared.loop) {}

  void connect() {
    if (shared_.stopping) return;
    socket_ = tcp::socket(shared_.loop);
    socket_.async_connect(shared_.server, [self = shared_from_this()](error_code ec) {
      if (ec) return self->again();
      ++self->shared_.connections;
      self->say();
    });
  }
  void stop() {
    error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
  }

 private:
  void say() {
    out_ = manner_ == Manner::hostile ? attack(round_++, shared_.target, shared_.random)
                                      : handshake(shared_.target);
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](error_code ec, auto) {
                        if (ec) return self->lost();
                        self->behave();
                      });
    if (manner_ == Manner::flapping) leave_in(milliseconds(shared_.random() % 1'500));
  }

  void behave() {
    switch (manner_) {
      case Manner::stalled:
        // Only the end is noticed; what comes stays in the kernel's buffers.
        socket_.async_wait(tcp::socket::wait_error,
                           [self = shared_from_this()](error_code) { self->lost(); });
        break;
      case Manner::slow:
        timer_.expires_after(milliseconds(250));
        timer_.async_wait([self = shared_from_this()](error_code ec) {
          if (!ec) self->read();
        });
        break;
      default:
        read();
    }
  }

  void read() {
    socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](error_code ec, auto) {
      if (ec) return self->lost();
      self->behave();
    });
  }

  void leave_in(milliseconds time) {
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (ec) return;
      error_code ignored;
      self->left_ = true;
      self->socket_.close(ignored);
    });
  }

  void lost() {
    if (shared_.stopping) return;
    if (!std::exchange(left_, false)) ++shared_.turned_away;
    again();
  }

  void again() {
    if (shared_.stopping) return;
    timer_.expires_after(milliseconds(100 + shared_.random() % 400));
    timer_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->connect();
    });
  }

  Shared& shared_;
  const Manner manner_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::string out_;
  std::array<char, 8'192> in_{};
  std::uint64_t round_ = 0;
  bool left_ = false;
};

}  // namespace

struct Misfits::Impl {
  Shared shared;
  std::vector<std::shared_ptr<Misfit>> all;
  std::thread thread;
};

Misfits::Misfits(const Endpoint& endpoint, const std::string& session_id,
                 const MisfitCounts& counts)
    : impl_(std::make_unique<Impl>()) {
  impl_->shared.server = {asio::ip::make_address(endpoint.host), endpoint.http_port};
  impl_->shared.target = "/live/" + session_id + "/ws";
  const auto add = [this](int count, Manner manner) {
    for (int i = 0; i < count; ++i)
      impl_->all.push_back(std::make_shared<Misfit>(impl_->shared, manner));
  };
  add(counts.stalled, Manner::stalled);
  add(counts.slow, Manner::slow);
  add(counts.flapping, Manner::flapping);
  add(counts.hostile, Manner::hostile);
  for (const auto& one : impl_->all) one->connect();
  impl_->thread = std::thread([this] { impl_->shared.loop.run(); });
}

Misfits::~Misfits() {
  asio::post(impl_->shared.loop, [this] {
    impl_->shared.stopping = true;
    for (const auto& one : impl_->all) one->stop();
  });
  impl_->thread.join();
}

std::uint64_t Misfits::connections() const noexcept {
  return impl_->shared.connections;
}
std::uint64_t Misfits::turned_away() const noexcept {
  return impl_->shared.turned_away;
}

}  // namespace troupe::sim

#include "tests/bench/peers/bare_udp.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr unsigned kBatch = 64;
constexpr std::size_t kRoom = 10;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

class Server {
 public:
  Server(std::uint16_t port, int hz)
      : period_(std::chrono::nanoseconds(std::chrono::seconds(1)) / hz) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto at = loopback(port);
    const int size = 4 << 20;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    if (fd_ < 0 || ::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("no UDP port");
    for (unsigned i = 0; i < kBatch; ++i) {
      parts_[i] = {bytes_[i].data(), bytes_[i].size()};
      in_[i].msg_hdr = {.msg_name = &from_[i],
                        .msg_namelen = sizeof from_[i],
                        .msg_iov = &parts_[i],
                        .msg_iovlen = 1,
                        .msg_control = nullptr,
                        .msg_controllen = 0,
                        .msg_flags = 0};
    }
  }

  [[noreturn]] void run() {
    auto due = Clock::now();
    std::size_t room = 0;
    while (true) {
      receive();
      const auto rooms = std::max<std::size_t>((clients_.size() + kRoom - 1) / kRoom, 1);
      const auto step = period_ / static_cast<long>(rooms);
      // As late as a millisecond, and then all that is due: so few wakes as the gateway has.
      for (const auto now = Clock::now(); due <= now; due += step) send(room++ % rooms);
      pollfd wait{fd_, POLLIN, 0};
      ::poll(&wait, 1, 1);
      ::usleep(1'000);
    }
  }

 private:
  void receive() {
    while (true) {
      for (auto& one : in_) one.msg_hdr.msg_namelen = sizeof(sockaddr_in);
      const int got = ::recvmmsg(fd_, in_.data(), kBatch, MSG_DONTWAIT, nullptr);
      for (int i = 0; i < got; ++i) {
        const auto& from = from_[static_cast<std::size_t>(i)];
        if (known_.emplace(from.sin_port, clients_.size()).second) clients_.push_back(from);
      }
      if (got < static_cast<int>(kBatch)) return;
    }
  }

  void send(std::size_t room) {
    std::array<mmsghdr, kRoom> out{};
    iovec part{snapshot_.data(), snapshot_.size()};
    unsigned count = 0;
    for (auto i = room * kRoom; i < std::min((room + 1) * kRoom, clients_.size()); ++i) {
      out[count++].msg_hdr = {.msg_name = &clients_[i],
                              .msg_namelen = sizeof clients_[i],
                              .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = nullptr,
                              .msg_controllen = 0,
                              .msg_flags = 0};
    }
    ::sendmmsg(fd_, out.data(), count, 0);
  }

  int fd_ = -1;
  const std::chrono::nanoseconds period_;
  std::vector<sockaddr_in> clients_;
  std::unordered_map<std::uint16_t, std::size_t> known_;
  std::array<char, kBareOutBytes> snapshot_{};
  std::array<std::array<char, 2'048>, kBatch> bytes_{};
  std::array<sockaddr_in, kBatch> from_{};
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> in_{};
};

}  // namespace

void serve_bare_udp(std::uint16_t port, int hz) {
  static Server server(port, hz);
  server.run();
}

BareLoad load_bare_udp(std::uint16_t port, int clients, int hz, int seconds,
                       const std::function<void()>& begins, const std::function<void()>& ends) {
  const auto to = loopback(port);
  std::vector<int> sockets;
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (int i = 0; i < clients; ++i) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("no UDP sockets");
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    sockets.push_back(fd);
  }
  const std::array<char, kBareInBytes> command{};
  const auto step = std::chrono::nanoseconds(std::chrono::seconds(1)) / (hz * clients);
  BareLoad load;
  std::array<epoll_event, 256> ready{};
  std::array<char, 2'048> bytes{};
  const auto play = [&](std::chrono::seconds time) {
    auto due = Clock::now();
    std::size_t next = 0;
    for (const auto until = due + time; Clock::now() < until;) {
      for (const auto now = Clock::now(); due <= now; due += step, ++load.sent)
        static_cast<void>(
            ::send(sockets[next++ % sockets.size()], command.data(), command.size(), 0));
      const int count = ::epoll_wait(poll, ready.data(), static_cast<int>(ready.size()), 1);
      for (int i = 0; i < count; ++i) {
        while (::recv(ready[static_cast<std::size_t>(i)].data.fd, bytes.data(), bytes.size(), 0) >
               0)
          ++load.received;
      }
    }
  };
  play(std::chrono::seconds(1));
  load = {};
  begins();
  play(std::chrono::seconds(seconds));
  ends();
  for (const int fd : sockets) ::close(fd);
  ::close(poll);
  return load;
}

}  // namespace troupe::bench

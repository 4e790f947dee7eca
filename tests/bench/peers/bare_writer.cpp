#include "tests/bench/peers/bare_writer.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/peers/fan_reader.hpp"

namespace troupe::bench {
namespace {

constexpr std::size_t kFlvHeader = 9 + 4, kTagHeader = 11, kPreviousTagSize = 4;
constexpr char kVideoTag = 9;
constexpr std::int64_t kMergeMs = 100 - 34;  // with the last picture's own time

constexpr int kSendBufferBytes = 4 << 20;

std::uint32_t number24(const char* at) {
  std::uint32_t value = 0;
  for (int i = 0; i < 3; ++i) value = value << 8 | static_cast<unsigned char>(at[i]);
  return value;
}

/// Cuts FLV into portions to write.
class Tags {
 public:
  explicit Tags(Portion portion) : portions_(portion) {}

  template <class F>
  void feed(std::string_view bytes, const F& write) {
    pending_.append(bytes);
    std::size_t end = 0;
    if (!header_seen_ && pending_.size() >= kFlvHeader) {
      header_seen_ = true;
      pending_.erase(0, kFlvHeader);
    }
    while (header_seen_ && pending_.size() >= end + kTagHeader) {
      const char* tag = pending_.data() + end;
      const auto size = kTagHeader + number24(tag + 1) + kPreviousTagSize;
      if (pending_.size() < end + size) break;
      const bool picture = *tag == kVideoTag;
      const auto time_ms = static_cast<std::int64_t>(number24(tag + 4)) |
                           static_cast<std::int64_t>(static_cast<unsigned char>(tag[7])) << 24;
      if (portion_.empty()) portion_began_ms_ = time_ms;
      portion_.append(tag, size);
      end += size;
      if (portions_ == Portion::picture && !picture) continue;
      if (portions_ == Portion::merged && time_ms - portion_began_ms_ < kMergeMs) continue;
      write(std::string_view(portion_));
      portion_.clear();
    }
    pending_.erase(0, end);
  }

 private:
  const Portion portions_;
  std::int64_t portion_began_ms_ = 0;
  bool header_seen_ = false;
  std::string pending_, portion_;
};

}  // namespace

int write_bare(Portion portion) {
  std::uint16_t ingest_port = 0, viewer_port = 0;
  const int ingest = listen_anywhere(ingest_port);
  const int listener = listen_anywhere(viewer_port);
  std::printf("%u %u\n", ingest_port, viewer_port);
  std::fflush(stdout);
  const int publisher = ::accept4(ingest, nullptr, nullptr, SOCK_CLOEXEC);
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {publisher, listener}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }
  std::vector<int> viewers;
  Tags tags(portion);
  std::string buffer(256 << 10, '\0');
  epoll_event event{};
  while (::epoll_wait(poll, &event, 1, -1) >= 0) {
    if (event.data.fd == listener) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
      viewers.push_back(fd);
      continue;
    }
    const auto n = ::recv(publisher, buffer.data(), buffer.size(), 0);
    if (n <= 0) return 0;
    tags.feed({buffer.data(), static_cast<std::size_t>(n)}, [&](std::string_view bytes) {
      for (const int fd : viewers)
        static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    });
  }
  return 1;
}

}  // namespace troupe::bench

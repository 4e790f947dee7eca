#include "tests/bench/peers/fan_reader.hpp"

#include <array>
#include <cerrno>
#include <functional>
#include <optional>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/peers/rtmp_play.hpp"

namespace troupe::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBufferBytes = 256 << 10;
constexpr std::uint64_t kPlayingBytes = 20'000;  // more than any handshake and stream header
constexpr std::size_t kMaxJoining = 100;
constexpr int kStalledWindowBytes = 64 << 10;
constexpr auto kJoinTimeout = std::chrono::seconds(20);
constexpr auto kPictureTimeout = std::chrono::seconds(20);
constexpr auto kPongEvery = std::chrono::seconds(10);
constexpr auto kQuiet = std::chrono::milliseconds(333);
constexpr auto kMaxDelay = std::chrono::seconds(5);  // half the clip: then the picture comes again
// Epoll tags beside the numbers of viewers.
constexpr std::uint32_t kListener = UINT32_MAX, kPublisher = UINT32_MAX - 1,
                        kServer = UINT32_MAX - 2;

struct Viewer {
  int fd = -1;
  std::uint64_t bytes = 0;
  bool greeted = false;  ///< its request is out
  bool stalled = false;
  std::optional<MarkerScanner> scanner;  ///< probes only
};

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd wait{fd, POLLOUT, 0};
      ::poll(&wait, 1, 1'000);
    } else {
      throw std::runtime_error("the server hung up");
    }
  }
}

void set_nonblocking(int fd) {
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(port);
  return at;
}

}  // namespace

int listen_anywhere(std::uint16_t& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto at = loopback(0);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd, 1024) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port = ntohs(at.sin_port);
  return fd;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto to = loopback(port);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    if (fd >= 0) ::close(fd);
    throw std::runtime_error(fmt::format("cannot connect to port {}", port));
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct FanReader::Impl {
  explicit Impl(const Markers& known)
      : markers(known), relay_scanner(known), passed_at(known.size()), buffer(kBufferBytes, '\0') {}
  ~Impl() {
    for (const auto& viewer : viewers) {
      if (viewer.fd >= 0) ::close(viewer.fd);
    }
    for (const int fd : {listener, publisher, server, poll}) {
      if (fd >= 0) ::close(fd);
    }
  }

  const Markers& markers;
  int poll = ::epoll_create1(EPOLL_CLOEXEC);
  int listener = -1, publisher = -1, server = -1;
  std::uint16_t server_port = 0;
  MarkerScanner relay_scanner;
  std::vector<Clock::time_point> passed_at;  ///< of each picture of the clip, the last time
  Clock::time_point last_key_at;
  std::uint64_t pictures = 0, key_frames = 0, published_bytes = 0;
  std::vector<Viewer> viewers;
  Protocol protocol = Protocol::raw;
  std::string play;  ///< rtmp: what follows the handshake
  std::string buffer;
  int closed = 0;
  Clock::time_point next_pong = Clock::now() + kPongEvery;
  sim::Histogram* delays = nullptr;

  void watch(int fd, std::uint32_t tag) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = tag;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  }

  void turn() {
    std::array<epoll_event, 256> events{};
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 5);
    for (int i = 0; i < ready; ++i) {
      const auto tag = events[static_cast<std::size_t>(i)].data.u32;
      if (tag == kListener) {
        accept_publisher();
      } else if (tag == kPublisher) {
        relay(publisher, server, true);
      } else if (tag == kServer) {
        relay(server, publisher, false);
      } else {
        read(viewers[tag]);
      }
    }
    if (protocol == Protocol::websocket && Clock::now() >= next_pong) pong();
  }

  void run_until(const std::function<bool()>& done, std::chrono::milliseconds timeout,
                 const char* what) {
    const auto until = Clock::now() + timeout;
    while (!done()) {
      if (Clock::now() > until) throw std::runtime_error(what);
      turn();
    }
  }

  void accept_publisher() {
    publisher = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    server = connect_to(server_port);
    set_nonblocking(publisher);
    set_nonblocking(server);
    watch(publisher, kPublisher);
    watch(server, kServer);
  }

  void relay(int from, int to, bool to_server) {
    const auto n = ::recv(from, buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) throw std::runtime_error(to_server ? "ffmpeg hung up" : "the server hung up");
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    send_all(to, bytes);
    if (!to_server) return;
    published_bytes += bytes.size();
    const auto now = Clock::now();
    relay_scanner.feed(bytes, [&](int index) {
      ++pictures;
      passed_at[static_cast<std::size_t>(index)] = now;
      if (!markers.key(static_cast<std::size_t>(index))) return;
      ++key_frames;
      last_key_at = now;
    });
  }

  void read(Viewer& viewer) {
    // The kernel throws away what nobody looks at (tcp(7), MSG_TRUNC): the loader must not be what
    // saturates.
    const bool look = viewer.scanner || !viewer.greeted || viewer.bytes == 0;
    const auto n = ::recv(viewer.fd, buffer.data(), buffer.size(), look ? 0 : MSG_TRUNC);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return drop(viewer);
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (viewer.bytes == 0 && !wanted_status().empty() && bytes.substr(9, 3) != wanted_status())
      throw std::runtime_error("refused: " + std::string(bytes.substr(0, 200)));
    viewer.bytes += bytes.size();
    if (!viewer.greeted && viewer.bytes >= kRtmpHelloAnswerBytes) {
      viewer.greeted = true;
      send_all(viewer.fd, play);
    }
    if (!viewer.scanner) return;
    const auto now = Clock::now();
    viewer.scanner->feed(bytes, [&](int index) {
      const auto took = now - passed_at[static_cast<std::size_t>(index)];
      if (delays != nullptr && took < kMaxDelay)
        delays->record(std::chrono::duration<double, std::milli>(took).count());
    });
  }

  /// Of the answer that viewers begin with; empty: there is none.
  [[nodiscard]] std::string_view wanted_status() const {
    if (protocol == Protocol::websocket) return "101";
    return protocol == Protocol::http ? "200" : "";
  }

  void drop(Viewer& viewer) {
    ::close(viewer.fd);
    viewer.fd = -1;
    ++closed;
  }

  /// Unasked, so that nobody has to look for pings (RFC 6455 section 5.5.3).
  void pong() {
    next_pong = Clock::now() + kPongEvery;
    constexpr std::string_view kPong("\x8A\x80\0\0\0\0", 6);
    for (const auto& viewer : viewers) {
      if (viewer.fd >= 0 && !viewer.stalled) send_all(viewer.fd, kPong);
    }
  }

  void join(const Target& target) {
    Viewer viewer;
    viewer.fd = connect_to(target.port);
    viewer.greeted = target.protocol != Protocol::rtmp;
    if (target.protocol == Protocol::websocket) {
      send_all(viewer.fd, fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                                      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                                      target.path));
    } else if (target.protocol == Protocol::http) {
      send_all(viewer.fd, fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", target.path));
    } else if (target.protocol == Protocol::rtmp) {
      send_all(viewer.fd, rtmp_hello());
    }
    set_nonblocking(viewer.fd);
    if (viewers.size() < kProbes) viewer.scanner.emplace(markers);
    watch(viewer.fd, static_cast<std::uint32_t>(viewers.size()));
    viewers.push_back(std::move(viewer));
  }

  [[nodiscard]] std::size_t joining() const {
    return static_cast<std::size_t>(std::count_if(
        viewers.begin(), viewers.end(),
        [](const Viewer& viewer) { return viewer.fd >= 0 && viewer.bytes < kPlayingBytes; }));
  }

  void run_past_key_frame(std::uint64_t number) {
    run_until([&] { return key_frames >= number && Clock::now() >= last_key_at + kQuiet; },
              kPictureTimeout, "no key frame came");
  }
};

FanReader::FanReader(const Markers& markers) : impl_(std::make_unique<Impl>(markers)) {}
FanReader::~FanReader() = default;

std::uint16_t FanReader::relay_publisher(std::uint16_t server_port) {
  impl_->server_port = server_port;
  std::uint16_t port = 0;
  impl_->listener = listen_anywhere(port);
  impl_->watch(impl_->listener, kListener);
  return port;
}

void FanReader::await_pictures(std::uint64_t count) {
  impl_->run_until([&] { return impl_->pictures >= count; }, kPictureTimeout,
                   "no pictures came from ffmpeg");
}

void FanReader::add_viewers(const Target& target, int count) {
  auto& impl = *impl_;
  impl.protocol = target.protocol;
  if (target.protocol == Protocol::rtmp) impl.play = rtmp_play(target.app, target.path);
  impl.viewers.reserve(impl.viewers.size() + static_cast<std::size_t>(count));
  int left = count;
  impl.run_until(
      [&] {
        const auto waiting = impl.joining();
        for (auto room = waiting < kMaxJoining ? kMaxJoining - waiting : 0; room > 0 && left > 0;
             --room, --left) {
          impl.join(target);
        }
        return left == 0 && impl.joining() == 0;
      },
      kJoinTimeout, "not all viewers got pictures");
}

void FanReader::stall(int count) {
  auto& viewers = impl_->viewers;
  for (auto it = viewers.rbegin(); it != viewers.rend() && count > 0; ++it) {
    if (it->fd < 0 || it->stalled || it->scanner) continue;
    it->stalled = true;
    --count;
    ::epoll_ctl(impl_->poll, EPOLL_CTL_DEL, it->fd, nullptr);
    ::setsockopt(it->fd, SOL_SOCKET, SO_RCVBUF, &kStalledWindowBytes, sizeof kStalledWindowBytes);
  }
}

void FanReader::drop_stalled() {
  for (auto& viewer : impl_->viewers) {
    if (viewer.stalled && viewer.fd >= 0) {
      ::close(viewer.fd);
      viewer.fd = -1;
    }
  }
}

void FanReader::run_for(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  while (Clock::now() < until) impl_->turn();
}

Window FanReader::measure(int key_frames) {
  auto& impl = *impl_;
  Window window;
  impl.run_past_key_frame(impl.key_frames + 1);
  const auto began = Clock::now();
  const auto first_key = impl.key_frames;
  const auto published = impl.published_bytes;
  std::vector<std::uint64_t> before;
  for (const auto& viewer : impl.viewers) before.push_back(viewer.bytes);
  impl.delays = &window.delay_ms;
  impl.run_past_key_frame(first_key + static_cast<std::uint64_t>(key_frames));
  impl.delays = nullptr;
  window.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  window.published_bytes = impl.published_bytes - published;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto& viewer = impl.viewers[i];
    if (viewer.fd >= 0 && !viewer.stalled) window.viewer_bytes.push_back(viewer.bytes - before[i]);
  }
  window.closed = impl.closed;
  return window;
}

}  // namespace troupe::bench

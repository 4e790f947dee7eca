#include "sim/flood.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::uint8_t>;

/// Made ahead and sent over and over, so that the sender is not what saturates.
constexpr std::size_t kPrepared = 4'096;
constexpr std::size_t kBatch = 64;

constexpr std::array<std::pair<FloodKind, std::string_view>, 4> kKinds{
    {{FloodKind::garbage, "garbage"},
     {FloodKind::connects, "connects"},
     {FloodKind::sessions, "sessions"},
     {FloodKind::mixed, "mixed"}}};

void put16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void put32(Bytes& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

// The wire format is that of ENet 1.3 (enet/protocol.h); the simulator does not link the server.
constexpr std::uint32_t kSentTime = 0x8000, kNobody = 0x0fff;
constexpr std::uint8_t kAcknowledge = 0x80, kConnect = 2, kPing = 5, kReliable = 6, kUnreliable = 7;

Bytes connect_datagram(std::mt19937_64& random) {
  Bytes out;
  put16(out, kSentTime | kNobody);
  put16(out, static_cast<std::uint32_t>(random() & 0xffff));
  out.push_back(kConnect | kAcknowledge);
  out.push_back(0xff);
  put16(out, 1);                                          // reliable sequence
  put16(out, static_cast<std::uint32_t>(random() % 64));  // outgoing peer
  out.push_back(0xff);                                    // sessions
  out.push_back(0xff);
  put32(out, 1'400);   // MTU
  put32(out, 32'768);  // window
  put32(out, 2);       // channels
  put32(out, 0);
  put32(out, 0);
  for (const std::uint32_t throttle : {5'000U, 2U, 2U}) put32(out, throttle);
  put32(out, static_cast<std::uint32_t>(random()));  // connect id
  put32(out, 0);
  return out;
}

Bytes session_datagram(std::mt19937_64& random) {
  Bytes out;
  put16(out, kSentTime | static_cast<std::uint32_t>((random() % 4) << 12 | random() % 256));
  put16(out, static_cast<std::uint32_t>(random() & 0xffff));
  const std::array<std::uint8_t, 3> commands{kPing | kAcknowledge, kReliable | kAcknowledge,
                                             kUnreliable};
  const auto command = commands[random() % commands.size()];
  out.push_back(command);
  out.push_back(static_cast<std::uint8_t>(random() % 2));
  put16(out, static_cast<std::uint32_t>(random() & 0xff));
  if ((command & 0x0f) == kPing) return out;
  if (command == kUnreliable) put16(out, static_cast<std::uint32_t>(random() & 0xff));
  const auto length = random() % 200;
  put16(out, static_cast<std::uint32_t>(length));
  for (std::size_t i = 0; i < length; ++i) out.push_back(static_cast<std::uint8_t>(random()));
  return out;
}

Bytes garbage(std::mt19937_64& random) {
  Bytes out(1 + random() % 1'200);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

}  // namespace

Result<FloodKind> parse_flood_kind(std::string_view name) {
  for (const auto& [kind, known] : kKinds) {
    if (known == name) return kind;
  }
  return error(ErrorCode::invalid_argument, "no such flood: " + std::string(name));
}

std::string_view to_string(FloodKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)].second;
}

std::vector<std::uint8_t> flood_datagram(FloodKind kind, std::uint64_t seed, std::uint64_t number) {
  std::mt19937_64 random(seed * 1'000'003 + number);
  if (kind == FloodKind::mixed) kind = static_cast<FloodKind>(random() % 3);
  switch (kind) {
    case FloodKind::connects:
      return connect_datagram(random);
    case FloodKind::sessions:
      return session_datagram(random);
    default:
      return garbage(random);
  }
}

struct Flood::Impl {
  ~Impl() {
    stopping = true;
    if (thread.joinable()) thread.join();
    for (const int fd : sockets) ::close(fd);
  }
  Result<void> open();
  void run();
  std::size_t send(std::size_t first, std::size_t count);

  FloodOptions options;
  sockaddr_in to{};
  std::vector<int> sockets;
  std::vector<Bytes> prepared;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> sent{0};
  std::thread thread;
};

Result<void> Flood::Impl::open() {
  sockaddr_in from{};
  from.sin_family = to.sin_family = AF_INET;
  to.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.host.c_str(), &to.sin_addr) != 1 ||
      ::inet_pton(AF_INET, options.from.c_str(), &from.sin_addr) != 1)
    return error(ErrorCode::invalid_argument, "not an IPv4 address");
  for (int i = 0; i < options.sockets; ++i) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return error(ErrorCode::io, "no socket");
    sockets.push_back(fd);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      return error(ErrorCode::io, "cannot send from " + options.from);
  }
  for (std::size_t i = 0; i < kPrepared; ++i)
    prepared.push_back(flood_datagram(options.kind, options.seed, i));
  return {};
}

std::size_t Flood::Impl::send(std::size_t first, std::size_t count) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> parts{};
  for (std::size_t i = 0; i < count; ++i) {
    auto& bytes = prepared[(first + i) % prepared.size()];
    parts[i] = {bytes.data(), bytes.size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const auto fd = sockets[first / kBatch % sockets.size()];
  const int done = ::sendmmsg(fd, messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
  if (done > 0) return static_cast<std::size_t>(done);
  // Refused (nobody is there any more): it counts as sent, a flooder does not care.
  return errno == EAGAIN || errno == ENOBUFS ? 0 : count;
}

void Flood::Impl::run() {
  const auto began = Clock::now();
  std::uint64_t at = 0;
  while (!stopping) {
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    const auto due = static_cast<std::uint64_t>(seconds * options.per_second);
    if (at >= due) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    const auto count = std::min<std::uint64_t>(kBatch, due - at);
    at += send(static_cast<std::size_t>(at), static_cast<std::size_t>(count));
    sent = at;
  }
}

Flood::Flood(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Flood::~Flood() = default;

Result<std::unique_ptr<Flood>> Flood::start(FloodOptions options) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  if (auto done = impl->open(); !done.ok()) return done.error();
  impl->thread = std::thread([raw = impl.get()] { raw->run(); });
  return std::unique_ptr<Flood>(new Flood(std::move(impl)));
}

std::uint64_t Flood::sent() const noexcept {
  return impl_->sent;
}

}  // namespace troupe::sim

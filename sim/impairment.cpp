#include "sim/impairment.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <queue>
#include <set>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::sim {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kLineQueueSeconds = 0.25;
/// Datagrams under it are the protocol's own (acknowledgements, pings): damage is for what they
/// carry.
constexpr std::size_t kMinCorruptBytes = 16;
constexpr std::size_t kMaxDatagram = 2'048;

Clock::duration milliseconds(double value) {
  return std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double, std::milli>(value));
}

struct Field {
  std::string_view name;
  double Impairment::*member;
  double largest;
};
constexpr std::array<Field, 8> kFields{{{"latency", &Impairment::latency_ms, 10'000},
                                        {"jitter", &Impairment::jitter_ms, 10'000},
                                        {"loss", &Impairment::loss, 1},
                                        {"duplicate", &Impairment::duplicate, 1},
                                        {"reorder", &Impairment::reorder, 1},
                                        {"reorder-ms", &Impairment::reorder_ms, 10'000},
                                        {"corrupt", &Impairment::corrupt, 1},
                                        {"rate", &Impairment::bytes_per_s, 1e9}}};

Result<void> parse_part(std::string_view part, std::set<std::string_view>& seen, Impairment& out) {
  const auto bad = [&] {
    return error(ErrorCode::invalid_argument, "not an impairment: " + std::string(part));
  };
  const auto equals = part.find('=');
  if (equals == std::string_view::npos) return bad();
  const auto name = part.substr(0, equals), number = part.substr(equals + 1);
  const auto field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end() || !seen.insert(field->name).second) return bad();
  double value = 0;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole = read.ec == std::errc{} && read.ptr == number.data() + number.size();
  if (!whole || !(value >= 0 && value <= field->largest)) return bad();
  out.*field->member = value;
  return {};
}

}  // namespace

Result<Impairment> parse_impairment(std::string_view text) {
  Impairment out;
  std::set<std::string_view> seen;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    if (auto done = parse_part(text.substr(0, comma), seen, out); !done.ok()) return done.error();
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

bool ImpairmentPlan::happens(double probability) {
  return std::generate_canonical<double, 32>(random_) < probability;
}

ImpairmentPlan::Delivery ImpairmentPlan::next(std::size_t bytes, TimePoint now) {
  // Every datagram draws as often, so that one option does not change the luck of another.
  const bool lost = happens(impairment_.loss);
  const bool twice = happens(impairment_.duplicate);
  const bool overtaken = happens(impairment_.reorder);
  const bool corrupt = happens(impairment_.corrupt);
  const double jitter = 2 * std::generate_canonical<double, 32>(random_) - 1;
  Delivery out;
  if (lost) return out;
  auto sent = now;
  if (impairment_.bytes_per_s > 0) {
    line_free_ = std::max(line_free_, now);
    if (line_free_ - now > milliseconds(kLineQueueSeconds * 1'000)) return out;
    line_free_ += milliseconds(static_cast<double>(bytes) / impairment_.bytes_per_s * 1'000);
    sent = line_free_;
  }
  const auto delay = std::max(0.0, impairment_.latency_ms + jitter * impairment_.jitter_ms);
  auto due = std::max(sent + milliseconds(delay), last_due_);
  if (overtaken) {
    due += milliseconds(impairment_.reorder_ms);
  } else {
    last_due_ = due;
  }
  out = {twice ? 2 : 1, {due, due}, corrupt, overtaken};
  return out;
}

struct ImpairmentProxy::Impl {
  struct Route {
    sockaddr_in client{};
    int fd = -1;  ///< towards the server
  };
  struct Waiting {
    Clock::time_point due;
    std::uint64_t order;
    std::size_t route;
    bool to_server;
    std::string bytes;
    bool operator>(const Waiting& other) const {
      return std::pair(due, order) > std::pair(other.due, other.order);
    }
  };

  explicit Impl(ImpairmentOptions options_in)
      : options(std::move(options_in)),
        damage(static_cast<std::minstd_rand::result_type>(options.seed)),
        to_server(options.to_server, options.seed),
        to_client(options.to_client, options.seed ^ 0x9E37'79B9'7F4A'7C15ULL) {}
  ~Impl() {
    stopping = true;
    wake();
    if (thread.joinable()) thread.join();
    for (const auto& route : routes) ::close(route.fd);
    if (listener >= 0) ::close(listener);
    if (wake_fd >= 0) ::close(wake_fd);
  }

  void wake() const {
    const std::uint64_t one = 1;
    if (wake_fd >= 0) static_cast<void>(::write(wake_fd, &one, sizeof one));
  }
  Result<void> open();
  void run();
  void read_clients();
  void read_server(std::size_t route);
  void take(std::size_t route, bool is_to_server, std::string_view bytes);
  void deliver(Clock::time_point now);
  [[nodiscard]] int wait_ms() const;
  std::optional<std::size_t> route_of(const sockaddr_in& client);
  ImpairmentPlan::Delivery plan(bool is_to_server, std::size_t bytes, Clock::time_point now) {
    const std::lock_guard lock(mutex);
    return (is_to_server ? to_server : to_client).next(bytes, now);
  }
  bool dark(Clock::time_point now) {
    const std::lock_guard lock(mutex);
    return now < dark_until;
  }
  void count(std::uint64_t Counts::*field) {
    const std::lock_guard lock(mutex);
    ++(counts.*field);
  }

  const ImpairmentOptions options;
  std::uint16_t port = 0;
  int listener = -1, wake_fd = -1;
  sockaddr_in server{};
  std::thread thread;
  std::atomic<bool> stopping{false};

  // The thread's own.
  std::minstd_rand damage;
  std::vector<Route> routes;
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::size_t> by_address;
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue;
  std::uint64_t next_order = 0;

  mutable std::mutex mutex;
  ImpairmentPlan to_server, to_client;
  Counts counts;
  Clock::time_point dark_until{};
};

Result<void> ImpairmentProxy::Impl::open() {
  server.sin_family = AF_INET;
  server.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.host.c_str(), &server.sin_addr) != 1)
    return error(ErrorCode::invalid_argument, "not an IPv4 address: " + options.host);
  wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  listener = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = listener >= 0 &&
                     ::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (!bound) return error(ErrorCode::io, "no UDP socket");
  port = ntohs(address.sin_port);
  thread = std::thread([this] { run(); });
  return {};
}

int ImpairmentProxy::Impl::wait_ms() const {
  if (queue.empty()) return 1'000;
  const auto left = queue.top().due - Clock::now();
  return static_cast<int>(std::clamp<std::int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0, 1'000));
}

void ImpairmentProxy::Impl::run() {
  std::vector<pollfd> fds;
  while (!stopping) {
    fds.assign({{listener, POLLIN, 0}, {wake_fd, POLLIN, 0}});
    for (const auto& route : routes) fds.push_back({route.fd, POLLIN, 0});
    ::poll(fds.data(), fds.size(), wait_ms());
    if (fds[0].revents != 0) read_clients();
    for (std::size_t i = 2; i < fds.size(); ++i) {
      if (fds[i].revents != 0) read_server(i - 2);
    }
    deliver(Clock::now());
  }
}

std::optional<std::size_t> ImpairmentProxy::Impl::route_of(const sockaddr_in& client) {
  const auto key = std::pair(client.sin_addr.s_addr, client.sin_port);
  if (const auto it = by_address.find(key); it != by_address.end()) return it->second;
  if (routes.size() >= options.max_clients) return std::nullopt;
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    ::close(fd);
    return std::nullopt;
  }
  routes.push_back({client, fd});
  by_address.emplace(key, routes.size() - 1);
  return routes.size() - 1;
}

void ImpairmentProxy::Impl::read_clients() {
  std::array<char, kMaxDatagram> buffer;
  sockaddr_in from{};
  while (true) {
    socklen_t length = sizeof from;
    const auto got = ::recvfrom(listener, buffer.data(), buffer.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return;
    const auto route = route_of(from);
    if (!route) {
      count(&Counts::overflowed);
      continue;
    }
    take(*route, true, {buffer.data(), static_cast<std::size_t>(got)});
  }
}

void ImpairmentProxy::Impl::read_server(std::size_t route) {
  std::array<char, kMaxDatagram> buffer;
  while (true) {
    const auto got = ::recv(routes[route].fd, buffer.data(), buffer.size(), 0);
    if (got < 0) return;
    take(route, false, {buffer.data(), static_cast<std::size_t>(got)});
  }
}

void ImpairmentProxy::Impl::take(std::size_t route, bool is_to_server, std::string_view bytes) {
  const auto now = Clock::now();
  const auto delivery = plan(is_to_server, bytes.size(), now);
  if (dark(now)) return count(&Counts::blacked_out);
  if (delivery.copies == 0) return count(&Counts::lost);
  if (queue.size() + static_cast<std::size_t>(delivery.copies) > options.max_queued)
    return count(&Counts::overflowed);
  std::string datagram(bytes);
  if (delivery.corrupt && bytes.size() >= kMinCorruptBytes) {
    const auto tail = bytes.size() / 4;
    datagram[bytes.size() - 1 - damage() % tail] ^= static_cast<char>(1U << (damage() % 8));
    count(&Counts::corrupted);
  }
  if (delivery.overtaken) count(&Counts::overtaken);
  if (delivery.copies > 1) count(&Counts::duplicated);
  for (std::size_t i = 0; i < static_cast<std::size_t>(delivery.copies); ++i)
    queue.push({delivery.due[i], next_order++, route, is_to_server, datagram});
}

void ImpairmentProxy::Impl::deliver(Clock::time_point now) {
  while (!queue.empty() && queue.top().due <= now) {
    const auto& next = queue.top();
    const auto& route = routes[next.route];
    const bool cut = dark(now);
    count(cut ? &Counts::blacked_out : &Counts::forwarded);
    if (cut) {
      // Lost, as on a line that is cut.
    } else if (next.to_server) {
      static_cast<void>(::send(route.fd, next.bytes.data(), next.bytes.size(), 0));
    } else {
      static_cast<void>(::sendto(listener, next.bytes.data(), next.bytes.size(), 0,
                                 reinterpret_cast<const sockaddr*>(&route.client),
                                 sizeof route.client));
    }
    queue.pop();
  }
}

ImpairmentProxy::ImpairmentProxy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ImpairmentProxy::~ImpairmentProxy() = default;

Result<std::unique_ptr<ImpairmentProxy>> ImpairmentProxy::start(ImpairmentOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (auto opened = impl->open(); !opened.ok()) return opened.error();
  return std::unique_ptr<ImpairmentProxy>(new ImpairmentProxy(std::move(impl)));
}

std::uint16_t ImpairmentProxy::port() const noexcept {
  return impl_->port;
}

void ImpairmentProxy::change(const Impairment& to_server, const Impairment& to_client) {
  const std::lock_guard lock(impl_->mutex);
  impl_->to_server.change(to_server);
  impl_->to_client.change(to_client);
}

void ImpairmentProxy::black_out(std::chrono::milliseconds length) {
  const std::lock_guard lock(impl_->mutex);
  impl_->dark_until = Clock::now() + length;
}

ImpairmentProxy::Counts ImpairmentProxy::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counts;
}

}  // namespace troupe::sim

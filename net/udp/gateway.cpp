#include "net/udp/gateway.hpp"

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include <enet/enet.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/metrics.hpp"
#include "game/wire.hpp"
#include "net/udp/host_guard.hpp"
#include "net/udp/outbox.hpp"

namespace troupe::udp {
namespace {

using Clock = std::chrono::steady_clock;
using match::SessionId;

/// ENet has timers of its own (retransmission, pings): it is served at least this often.
constexpr int kServiceMs = 10;
/// And at most this often, since it looks at all the peers that it could have, three times over:
/// what comes within it is served together.
constexpr std::chrono::milliseconds kPace{1};
/// What one turn handles before snapshots go out again.
constexpr int kMostEvents = 4'096;
constexpr std::chrono::microseconds kServeAtMost{500};
/// ENet reads so many datagrams and then looks at all peers again (enet/protocol.c).
constexpr std::uint32_t kEnetReads = 256;
/// How long ENet waits for a client to acknowledge its end.
constexpr std::uint32_t kGoodbyeLeastMs = 1'000, kGoodbyeMostMs = 3'000;

std::once_flag enet_once;

std::uint64_t endpoint_of(const ENetAddress& address) {
  return std::uint64_t{address.host} << 16 | address.port;
}

GameSession* session_of(const ENetPeer* peer) {
  return static_cast<GameSession*>(peer->data);
}

}  // namespace

struct Gateway::Impl {
  Impl(Metrics& metrics_in, GatewayOptions options_in)
      : metrics(metrics_in),
        options(std::move(options_in)),
        door(*options.door),
        clients_gauge(metrics.gauge("troupe_udp_clients", "Game clients connected",
                                    {{"host", options.name}})) {}

  ~Impl() {
    if (host != nullptr) {
      host->peerCount = places;
      enet_host_destroy(host);
    }
    if (wake_fd >= 0) ::close(wake_fd);
  }

  Result<void> open();
  void run();
  void handle(ENetEvent& event);
  void on_connect(ENetPeer* enet_peer);
  void on_packet(ENetPeer* enet_peer, std::string_view bytes);
  void on_gone(ENetPeer* enet_peer);
  void send_away(ENetPeer* enet_peer, game::Goodbye reason);
  void say_goodbye(ENetPeer* enet_peer, game::Goodbye reason);
  void serve(Clock::time_point now);
  void flush();
  void expire_hellos();
  void fit_places();
  void wake() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(wake_fd, &one, sizeof one));
  }
  void post(Outbox::Message message) {
    const auto posted = outbox.post(std::move(message));
    if (posted == Outbox::Posted::full) door.outbox_full.Increment();
    if (posted == Outbox::Posted::woke) wake();
  }

  Metrics& metrics;
  const GatewayOptions options;
  Door& door;
  prometheus::Gauge& clients_gauge;

  ENetHost* host = nullptr;
  std::size_t places = 0;  ///< that the host has; its peerCount is how many ENet looks at
  std::optional<HostGuard> guard;
  int wake_fd = -1;
  std::uint16_t port = 0;
  std::thread thread;
  std::atomic<bool> stopping{false};

  // Gateway's thread only.
  std::unordered_map<SessionId, ENetPeer*> peers;
  std::unordered_map<std::uint64_t, int> endpoints;  ///< sessions of each address and port
  SessionId next_session = options.first_session;
  std::vector<Outbox::Message> messages;  ///< as the snapshots: their memory is used again
  std::vector<std::pair<SessionId, Outbox::Snapshot>> snapshots;

  // Both sides.
  Outbox outbox;
};

Result<void> Gateway::Impl::open() {
  std::call_once(enet_once, [] { enet_initialize(); });
  ENetAddress address{};
  address.port = options.port;
  if (enet_address_set_host_ip(&address, options.address.c_str()) != 0) {
    return error(ErrorCode::invalid_argument, "not an IPv4 address: " + options.address);
  }
  host = enet_host_create(&address,
                          std::min<std::size_t>(options.max_clients, ENET_PROTOCOL_MAXIMUM_PEER_ID),
                          game::kChannels, 0, 0);
  places = host != nullptr ? host->peerCount : 0;
  if (host == nullptr)
    return error(ErrorCode::io, "game UDP port " + std::to_string(options.port) + " is taken");
  host->duplicatePeers = options.max_clients_per_address;
  host->maximumPacketSize = game::kMaxControlBytes;
  host->maximumWaitingData = 64U << 10;
  guard.emplace(metrics, *host, options.name);
  ENetAddress bound{};
  enet_socket_get_address(host->socket, &bound);
  port = bound.port;
  wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  thread = std::thread([this] { run(); });
  return {};
}

void Gateway::Impl::run() {
  auto next_sweep = Clock::now();
  auto stop_at = Clock::time_point::max();
  auto served = Clock::now() - kPace;
  while (true) {
    pollfd fds[2] = {{host->socket, POLLIN, 0}, {wake_fd, POLLIN, 0}};
    ::poll(fds, 2, kServiceMs);
    std::this_thread::sleep_until(served + kPace);
    served = Clock::now();
    std::uint64_t drained = 0;
    static_cast<void>(::read(wake_fd, &drained, sizeof drained));
    flush();
    serve(served);  // what that makes us send goes with the next round
    const auto now = Clock::now();
    if (now >= next_sweep) {
      fit_places();
      expire_hellos();
      next_sweep = now + std::chrono::milliseconds(250);
    }
    if (!stopping) continue;
    if (stop_at == Clock::time_point::max()) {
      stop_at = now + std::chrono::milliseconds(300);
      for (auto& [session, peer] : peers)
        enet_peer_disconnect(peer, static_cast<std::uint32_t>(game::Goodbye::going_away));
      enet_host_flush(host);
    }
    if (peers.empty() || now >= stop_at) return;
  }
}

/// Bounded, so that a flood does not keep snapshots from going out.
void Gateway::Impl::serve(Clock::time_point began) {
  guard->begin_round(began);
  ENetEvent event;
  for (int events = 0; events < kMostEvents;) {
    const auto before = host->totalReceivedPackets;
    if (enet_host_service(host, &event, 0) > 0) {
      handle(event);
      ++events;
      continue;
    }
    const bool more = host->totalReceivedPackets - before >= kEnetReads;
    if (!more || Clock::now() - began >= kServeAtMost) return;
  }
}

void Gateway::Impl::handle(ENetEvent& event) {
  switch (event.type) {
    case ENET_EVENT_TYPE_CONNECT:
      on_connect(event.peer);
      break;
    case ENET_EVENT_TYPE_DISCONNECT:
      on_gone(event.peer);
      break;
    case ENET_EVENT_TYPE_RECEIVE:
      on_packet(event.peer,
                {reinterpret_cast<const char*>(event.packet->data), event.packet->dataLength});
      enet_packet_destroy(event.packet);
      break;
    case ENET_EVENT_TYPE_NONE:
      break;
  }
}

void Gateway::Impl::on_connect(ENetPeer* enet_peer) {
  char address[64] = {};
  enet_address_get_host_ip(&enet_peer->address, address, sizeof address);
  if (!door.may_connect(address, Clock::now()))
    return send_away(enet_peer, game::Goodbye::rate_limited);
  auto session = std::make_unique<GameSession>(door, next_session++, Clock::now());
  peers[session->id()] = enet_peer;
  enet_peer->data = session.release();
  ++endpoints[endpoint_of(enet_peer->address)];
  clients_gauge.Increment();
  guard->came(*enet_peer);
}

void Gateway::Impl::on_gone(ENetPeer* enet_peer) {
  const std::unique_ptr<GameSession> session(session_of(enet_peer));
  enet_peer->data = nullptr;
  if (!session) return;
  peers.erase(session->id());
  const auto endpoint = endpoints.find(endpoint_of(enet_peer->address));
  if (--endpoint->second == 0) endpoints.erase(endpoint);
  clients_gauge.Decrement();
  guard->left(*enet_peer);
  outbox.forget(session->id());
  session->gone();
}

void Gateway::Impl::send_away(ENetPeer* enet_peer, game::Goodbye reason) {
  enet_peer_disconnect(enet_peer, static_cast<std::uint32_t>(reason));
  enet_peer_timeout(enet_peer, 0, kGoodbyeLeastMs, kGoodbyeMostMs);
}

void Gateway::Impl::say_goodbye(ENetPeer* enet_peer, game::Goodbye reason) {
  // A client that came back on the same socket, often after a silence: ENet tells its connections
  // apart by two bits only, and could take the end of the old one for that of the new one.
  if (reason == game::Goodbye::replaced && endpoints[endpoint_of(enet_peer->address)] > 1) {
    on_gone(enet_peer);
    return enet_peer_reset(enet_peer);
  }
  enet_peer_disconnect_later(enet_peer, static_cast<std::uint32_t>(reason));
  enet_peer_timeout(enet_peer, 0, kGoodbyeLeastMs, kGoodbyeMostMs);
}

void Gateway::Impl::on_packet(ENetPeer* enet_peer, std::string_view bytes) {
  auto* session = session_of(enet_peer);
  if (session == nullptr) return;
  const auto reason = session->receive(bytes, Clock::now());
  if (reason != game::Goodbye::none) send_away(enet_peer, reason);
}

void Gateway::Impl::expire_hellos() {
  const auto now = Clock::now();
  for (auto& [id, enet_peer] : peers) {
    auto* session = session_of(enet_peer);
    if (session != nullptr && session->overdue(now)) send_away(enet_peer, game::Goodbye::too_slow);
  }
}

/// ENet looks at all places each time that it is served, taken or not: it is shown no more than can
/// be taken until the next sweep.
void Gateway::Impl::fit_places() {
  constexpr std::size_t kSpare = 256;
  std::size_t used = 0;
  for (std::size_t i = 0; i < places; ++i) {
    if (host->peers[i].state != ENET_PEER_STATE_DISCONNECTED) used = i + 1;
  }
  host->peerCount = std::min(places, used + kSpare);
}

void Gateway::Impl::flush() {
  outbox.take(messages, snapshots, [this](SessionId session) { return peers.contains(session); });
  for (const auto& message : messages) {
    const auto it = peers.find(message.session);
    if (it == peers.end()) continue;
    if (message.goodbye != game::Goodbye::none) {
      say_goodbye(it->second, message.goodbye);
    } else {
      auto* packet =
          enet_packet_create(message.bytes.data(), message.bytes.size(), ENET_PACKET_FLAG_RELIABLE);
      if (enet_peer_send(it->second, game::kReliableChannel, packet) < 0)
        enet_packet_destroy(packet);
    }
  }
  for (const auto& [session, slot] : snapshots) {
    const auto it = peers.find(session);
    if (it == peers.end()) continue;
    const auto head = game::write_head(slot.head);
    auto* packet = enet_packet_create(nullptr, head.size() + slot.delta->size(), 0);
    std::copy(head.begin(), head.end(), packet->data);
    std::copy(slot.delta->begin(), slot.delta->end(), packet->data + head.size());
    if (enet_peer_send(it->second, game::kUnreliableChannel, packet) < 0)
      enet_packet_destroy(packet);
    door.snapshots_out.Increment();
  }
}

Gateway::Gateway(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Gateway::~Gateway() {
  stop();
  for (auto& [session, enet_peer] : impl_->peers) delete session_of(enet_peer);
}

void Gateway::stop() {
  impl_->stopping = true;
  impl_->wake();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<Gateway>> Gateway::start(Metrics& metrics, GatewayOptions options) {
  auto impl = std::make_unique<Impl>(metrics, std::move(options));
  if (auto done = impl->open(); !done.ok()) return done.error();
  return std::unique_ptr<Gateway>(new Gateway(std::move(impl)));
}

std::uint16_t Gateway::port() const noexcept {
  return impl_->port;
}

void Gateway::snapshot(SessionId session, const game::SnapshotHead& head,
                       std::shared_ptr<const std::string> delta) {
  const auto replaced = impl_->outbox.put(session, head, std::move(delta));
  if (replaced.older) impl_->door.snapshots_replaced.Increment();
  if (replaced.wake) impl_->wake();
}

void Gateway::goodbye(SessionId session, game::Goodbye reason) {
  // Dropped when the outbox is full: the client hears nothing until it gives up.
  impl_->post({session, {}, reason});
}

void Gateway::message(SessionId session, std::string bytes) {
  impl_->post({session, std::move(bytes)});
}

}  // namespace troupe::udp

// The socket of game clients: their events, and how lost ones come back.
#include <algorithm>
#include <mutex>
#include <random>

#include <enet/enet.h>

#include "net/client/game_client_impl.hpp"

namespace troupe::client {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Hello is said again when no Welcome came for this long: it was lost with a match that crashed.
constexpr milliseconds kHelloAgain{2'000};
/// A server that says nothing for so long is gone: it sends thirty times a second.
constexpr milliseconds kSilence{1'000};
/// A connection that is not made in this time is begun again, with a new ticket.
constexpr milliseconds kConnect{2'000};
constexpr milliseconds kFirstPause{100}, kLongestPause{2'000};
/// How long it is tried before the client is closed.
constexpr milliseconds kGiveUp{60'000};
constexpr milliseconds kLook{20};

std::once_flag enet_once;

/// Reasons that another connection would meet as well.
bool is_final(game::Goodbye reason) {
  using enum game::Goodbye;
  return reason == bad_message || reason == match_full || reason == match_gone ||
         reason == replaced || reason == match_over || reason == kicked;
}

}  // namespace

struct ClientHost::Impl {
  ENetHost* host = nullptr;
  std::vector<GameClient::Impl*> clients;
  Clock::time_point looked{};
  std::minstd_rand random{std::random_device{}()};

  ~Impl() {
    for (auto* client : clients) client->forget = nullptr;
    if (host != nullptr) enet_host_destroy(host);
  }

  ENetPeer* begin(const std::string& address_text, std::uint16_t port, bool& is_address) {
    ENetAddress address{};
    address.port = port;
    is_address = enet_address_set_host_ip(&address, address_text.c_str()) == 0;
    return is_address ? enet_host_connect(host, &address, game::kChannels, 0) : nullptr;
  }

  void handle(ENetEvent& event) {
    auto* client = static_cast<GameClient::Impl*>(event.peer->data);
    if (event.type == ENET_EVENT_TYPE_RECEIVE) {
      if (client != nullptr) {
        client->on_packet(event.channelID, {reinterpret_cast<const char*>(event.packet->data),
                                            event.packet->dataLength});
      }
      enet_packet_destroy(event.packet);
    } else if (client != nullptr && event.type == ENET_EVENT_TYPE_CONNECT) {
      client->heard = Clock::now();
      client->say_hello();
    } else if (client != nullptr && event.type == ENET_EVENT_TYPE_DISCONNECT) {
      event.peer->data = nullptr;
      client->peer = nullptr;
      // Before a connection is made ENet takes the end of the one before it for its own.
      const bool made = client->said_hello != Clock::time_point{};
      on_gone(*client, made ? static_cast<game::Goodbye>(event.data) : game::Goodbye::none);
    }
  }

  void on_gone(GameClient::Impl& client, game::Goodbye reason) {
    client.goodbye = reason;
    if (!client.tickets || is_final(reason)) {
      client.state = State::closed;
    } else {
      lose(client);
    }
  }

  /// The connection is of no use any more; another is to be made.
  void lose(GameClient::Impl& client) {
    if (client.peer != nullptr) {
      client.peer->data = nullptr;
      enet_peer_reset(std::exchange(client.peer, nullptr));
    }
    const auto now = Clock::now();
    client.state = State::connecting;
    client.said_hello = {};
    if (client.lost_at == Clock::time_point{}) {
      client.lost_at = now;
      client.pause = kFirstPause;
      client.next_try = now;
    } else {
      wait(client, now);
    }
  }

  /// Longer each time, and not all clients of a server at once.
  void wait(GameClient::Impl& client, Clock::time_point now) {
    const auto most = static_cast<unsigned>(client.pause.count());
    client.next_try = now + milliseconds(most / 2 + random() % (most / 2 + 1));
    client.pause = std::min(client.pause * 2, kLongestPause);
  }

  void come_back(GameClient::Impl& client, Clock::time_point now) {
    if (client.peer != nullptr || now < client.next_try) return;
    if (now - client.lost_at > kGiveUp) {
      client.state = State::closed;
      return;
    }
    const auto ticket = client.tickets();
    now = Clock::now();
    if (!ticket) return wait(client, now);
    bool is_address = false;
    client.peer = begin(ticket->host, ticket->port, is_address);
    if (client.peer == nullptr) return wait(client, now);
    client.peer->data = &client;
    client.token = ticket->token;
    client.heard = now;
  }

  void look() {
    const auto now = Clock::now();
    if (now - looked < kLook) return;
    looked = now;
    for (auto* client : clients) {
      const bool said_hello = client->said_hello != Clock::time_point{};
      if (client->state == State::connecting && client->peer != nullptr && said_hello &&
          now - client->said_hello > kHelloAgain)
        client->say_hello();
      if (!client->tickets || client->state == State::closed) continue;
      const bool silent =
          client->peer != nullptr &&
          now - client->heard > (client->state == State::playing ? kSilence : kConnect);
      if (silent) lose(*client);
      if (client->lost_at != Clock::time_point{}) come_back(*client, now);
    }
  }
};

ClientHost::ClientHost(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientHost::~ClientHost() = default;

Result<std::unique_ptr<ClientHost>> ClientHost::create(std::size_t max_clients) {
  std::call_once(enet_once, [] { enet_initialize(); });
  auto impl = std::make_unique<Impl>();
  impl->host = enet_host_create(nullptr, max_clients, game::kChannels, 0, 0);
  if (impl->host == nullptr) return error(ErrorCode::io, "no UDP socket");
  return std::unique_ptr<ClientHost>(new ClientHost(std::move(impl)));
}

Result<std::unique_ptr<GameClient>> ClientHost::connect(const std::string& host, std::uint16_t port,
                                                        std::string token, TicketSource tickets) {
  auto impl = std::make_unique<GameClient::Impl>();
  impl->token = std::move(token);
  impl->tickets = std::move(tickets);
  impl->heard = Clock::now();
  bool is_address = false;
  impl->peer = impl_->begin(host, port, is_address);
  if (!is_address) return error(ErrorCode::invalid_argument, "not an address: " + host);
  if (impl->peer == nullptr)
    return error(ErrorCode::overloaded, "the host has no place for another client");
  impl->peer->data = impl.get();
  impl_->clients.push_back(impl.get());
  impl->forget = [all = &impl_->clients](GameClient::Impl* gone) { std::erase(*all, gone); };
  return std::unique_ptr<GameClient>(new GameClient(std::move(impl)));
}

void ClientHost::service(std::uint32_t wait_ms) {
  ENetEvent event;
  for (auto wait = wait_ms; enet_host_service(impl_->host, &event, wait) > 0; wait = 0)
    impl_->handle(event);
  impl_->look();
}

}  // namespace troupe::client

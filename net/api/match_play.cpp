#include "net/api/match_play.hpp"

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/metrics.hpp"
#include "net/api/play_outbox.hpp"
#include "net/http/router.hpp"
#include "net/ws/session.hpp"

namespace troupe::api {
namespace {

using game::Goodbye;
using match::SessionId;
using Clock = std::chrono::steady_clock;
using SocketPtr = std::shared_ptr<ws::Session>;

constexpr std::chrono::milliseconds kSweep{250};

std::string_view say(Goodbye reason) {
  switch (reason) {
    case Goodbye::none:
      return "";
    case Goodbye::bad_message:
      return "not a message of this protocol";
    case Goodbye::bad_token:
      return "the token is not for this, or was used";
    case Goodbye::too_slow:
      return "no Hello in time";
    case Goodbye::rate_limited:
      return "too much at once";
    case Goodbye::match_full:
      return "the match is full";
    case Goodbye::match_gone:
      return "no such match";
    case Goodbye::replaced:
      return "the same player came in again";
    case Goodbye::going_away:
      return "the server stops";
    case Goodbye::match_over:
      return "the match is over";
    case Goodbye::kicked:
      return "you may not play here any more";
  }
  return "";
}

void send_away(ws::Session& socket, Goodbye reason) {
  socket.close(static_cast<std::uint16_t>(kGoodbyeCloses + static_cast<std::uint32_t>(reason)),
               say(reason));
}

/// One client. `game` belongs to the socket's loop, what `mutex` guards to all.
struct Player {
  Player(const SocketPtr& socket_in, udp::Door& door, SessionId id, std::string match)
      : socket(socket_in), game(door, id, Clock::now(), std::move(match)) {}

  const std::weak_ptr<ws::Session> socket;
  udp::GameSession game;
  bool sent_away = false;  ///< as `game`: nothing more is heard of it
  std::atomic<bool> verified{false};

  std::mutex mutex;
  PlayOutbox outbox;
  Goodbye goodbye = Goodbye::none;
  bool flush_posted = false;
};
using PlayerPtr = std::shared_ptr<Player>;

}  // namespace

struct MatchPlay::Impl : std::enable_shared_from_this<MatchPlay::Impl> {
  Impl(Metrics& metrics, MatchPlayOptions options_in)
      : options(std::move(options_in)),
        door(*options.door),
        clients(metrics.gauge("troupe_match_ws_clients", "Players connected over WebSocket")),
        next_session(options.first_session),
        timer(*options.loop) {}

  const MatchPlayOptions options;
  udp::Door& door;
  prometheus::Gauge& clients;
  std::atomic<SessionId> next_session;
  std::atomic<bool> stopping{false};
  mutable std::shared_mutex mutex;
  std::unordered_map<SessionId, PlayerPtr> players;
  boost::asio::steady_timer timer;

  PlayerPtr find(SessionId id) const {
    const std::shared_lock lock(mutex);
    const auto it = players.find(id);
    return it == players.end() ? nullptr : it->second;
  }

  /// Null when there is no place.
  PlayerPtr enlist(const SocketPtr& socket, const std::string& match) {
    const std::unique_lock lock(mutex);
    if (players.size() >= options.max_clients) return nullptr;
    const auto id = next_session.fetch_add(1);
    clients.Increment();
    return players.emplace(id, std::make_shared<Player>(socket, door, id, match)).first->second;
  }

  void on_closed(const PlayerPtr& player) {
    {
      const std::unique_lock lock(mutex);
      players.erase(player->game.id());
    }
    clients.Decrement();
    player->game.gone();
  }

  void on_message(const PlayerPtr& player, std::string_view bytes, bool is_text) {
    const auto socket = player->socket.lock();
    if (!socket || player->sent_away) return;
    if (is_text || bytes.empty() || static_cast<std::uint8_t>(bytes[0]) >= game::kChannels) {
      door.packets_in.Increment();
      door.refuse("malformed");
      player->sent_away = true;
      return send_away(*socket, Goodbye::bad_message);
    }
    // A copy, for its alignment: what follows the byte of the channel stands at an odd address.
    const std::string message(bytes.substr(1));
    const auto reason = player->game.receive(message, Clock::now());
    if (reason != Goodbye::none) {
      player->sent_away = true;
      return send_away(*socket, reason);
    }
    player->verified = player->game.verified();
    {
      const std::lock_guard lock(player->mutex);
      player->outbox.acknowledge(player->game.acked_tick());
    }
    flush(player);
  }

  /// On the socket's loop.
  void flush(const PlayerPtr& player) {
    const auto socket = player->socket.lock();
    if (!socket) return;
    auto goodbye = Goodbye::none;
    while (true) {
      std::string payload;
      {
        const std::lock_guard lock(player->mutex);
        player->flush_posted = false;
        goodbye = player->goodbye;
        // The last words go out whatever waits; there are few.
        const auto unsent = goodbye == Goodbye::none ? socket->queued_bytes() : 0;
        payload = player->outbox.next(unsent, Clock::now());
      }
      if (payload.empty()) break;
      if (static_cast<std::uint8_t>(payload[0]) == game::kUnreliableChannel)
        door.snapshots_out.Increment();
      socket->send(ws::binary_frame(payload));
    }
    if (goodbye == Goodbye::none) return;
    player->sent_away = true;
    send_away(*socket, goodbye);
  }

  /// Runs `change(player)` under its lock, then has it flushed.
  template <class Change>
  void with(SessionId id, const Change& change) {
    const auto player = find(id);
    if (player == nullptr) return;
    {
      const std::lock_guard lock(player->mutex);
      change(*player);
      if (std::exchange(player->flush_posted, true)) return;
    }
    if (const auto socket = player->socket.lock())
      socket->post([self = shared_from_this(), player] { self->flush(player); });
  }

  /// Those who have not said Hello in time go.
  void sweep() {
    timer.expires_after(kSweep);
    timer.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
      const auto self = weak.lock();
      if (ec || !self) return;
      const std::shared_lock lock(self->mutex);
      for (const auto& [id, player] : self->players) {
        if (player->verified) continue;
        if (const auto socket = player->socket.lock()) {
          socket->post([player = player, socket] {
            if (player->sent_away || !player->game.overdue(Clock::now())) return;
            player->sent_away = true;
            send_away(*socket, Goodbye::too_slow);
          });
        }
      }
      if (!self->stopping) self->sweep();
    });
  }
};

MatchPlay::MatchPlay(Metrics& metrics, MatchPlayOptions options)
    : impl_(std::make_shared<Impl>(metrics, std::move(options))) {
  impl_->sweep();
}

MatchPlay::~MatchPlay() {
  stop();
}

void MatchPlay::accept(const SocketPtr& socket, const std::string& address,
                       const std::string& match) {
  if (impl_->stopping) return send_away(*socket, Goodbye::going_away);
  if (!impl_->door.may_connect(address, Clock::now()))
    return send_away(*socket, Goodbye::rate_limited);
  const auto player = impl_->enlist(socket, match);
  if (player == nullptr) return socket->close(1013, "as many play as may");
  socket->on_message([impl = impl_, player](std::string_view bytes, bool is_text) {
    impl->on_message(player, bytes, is_text);
  });
  socket->on_close([impl = impl_, player] { impl->on_closed(player); });
}

void MatchPlay::stop() {
  if (impl_->stopping.exchange(true)) return;
  const std::shared_lock lock(impl_->mutex);
  for (const auto& [id, player] : impl_->players) {
    // At once: whoever closes all WebSockets next is to find that this one has its reason.
    if (const auto socket = player->socket.lock()) send_away(*socket, Goodbye::going_away);
  }
}

void MatchPlay::snapshot(SessionId session, const game::SnapshotHead& head,
                         std::shared_ptr<const std::string> delta) {
  impl_->with(session, [&](Player& player) {
    if (player.outbox.put(head, std::move(delta))) impl_->door.snapshots_replaced.Increment();
  });
}

void MatchPlay::goodbye(SessionId session, Goodbye reason) {
  impl_->with(session, [&](Player& player) { player.goodbye = reason; });
}

void MatchPlay::message(SessionId session, std::string bytes) {
  impl_->with(session, [&](Player& player) {
    if (!player.outbox.post(std::move(bytes))) impl_->door.outbox_full.Increment();
  });
}

void mount_match_play(http::Router& router, MatchPlay& play) {
  router.add_ws("/api/v1/matches/{id}/play",
                [&play](const http::Request& request, const SocketPtr& socket) {
                  play.accept(socket, request.remote, request.params.at("id"));
                },
                {.access = http::Access::open});
  router.add_ws("/api/v1/matchmaking/lobby",
                [&play](const http::Request& request, const SocketPtr& socket) {
                  play.accept(socket, request.remote, udp::kLobby);
                },
                {.access = http::Access::open});
}

}  // namespace troupe::api

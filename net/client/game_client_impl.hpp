// The inside of a GameClient, which its ClientHost works with. No part of the SDK's interface.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

#include <enet/enet.h>

#include "game/replica.hpp"
#include "net/client/clock_sync.hpp"
#include "net/client/game_client.hpp"
#include "net/client/prediction.hpp"

namespace troupe::fbs {
struct MatchEnded;
struct Tables;
struct Welcome;
}  // namespace troupe::fbs

namespace troupe::client {

struct GameClient::Impl {
  using Clock = std::chrono::steady_clock;

  ENetPeer* peer = nullptr;  ///< null: no connection, not even a coming one
  std::string token;
  State state = State::connecting;
  game::Goodbye goodbye = game::Goodbye::none;
  int slot = -1;
  int tick_hz = 30;
  const game::Game* rules = nullptr;           ///< null: no Welcome yet
  std::optional<game::ReplicaReader> replica;  ///< from there on
  Prediction prediction;
  ClockSync clock;
  Statistics statistics;
  std::vector<Placement> result;
  double drawn_behind = 0;            ///< ticks: how far behind the newest the others were drawn
  Clock::time_point said_hello{};     ///< zero: not connected yet
  Clock::time_point snapshot_at{};    ///< the newest came then; zero: none yet
  std::function<void(Impl*)> forget;  ///< tells the ClientHost that this one goes

  // Coming back (client_host.cpp).
  TicketSource tickets;         ///< empty: it does not
  Clock::time_point heard{};    ///< anything; or, without a connection, when one was begun
  Clock::time_point lost_at{};  ///< zero: not lost
  Clock::time_point next_try{};
  std::chrono::milliseconds pause{};

  void say_hello();
  void on_packet(std::uint8_t channel, std::string_view bytes);
  void send(const game::PackedCommand& wanted);
  /// The tick at which the player sees the others.
  [[nodiscard]] double seen_tick() const;

 private:
  void on_welcome(const fbs::Welcome& welcome);
  void on_ended(const fbs::MatchEnded& ended);
  void on_tables(const fbs::Tables& in);
  void on_snapshot(std::string_view bytes);
};

}  // namespace troupe::client

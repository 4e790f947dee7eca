// Matchmaking over the game protocol: players wait while connected, and are told at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/matchmaking/mode.hpp"
#include "net/udp/game_session.hpp"
#include "net/udp/message_sink.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe::actors {
class Asker;
}

namespace troupe::api {

class GameTickets;

struct GameLobbyOptions {
  std::vector<matchmaking::Mode> modes;
  std::vector<std::string> regions;
  std::string region;  ///< that the game hosts here are of
  /// The desk is asked about each open ticket so often.
  std::chrono::milliseconds look_every{250};
  /// A ticket of a player whose connection is gone leaves the queue after so long.
  std::chrono::milliseconds away_for{10'000};
};

/// A player's ticket is the one that HTTP shows too. Who comes in again finds it. The round trip to
/// a player is measured by three probes when it comes in; the least of them is its ping to the
/// region of this host, whatever the player says.
class GameLobby final : public udp::Lobby {
 public:
  /// `sink` and `loop` outlive the last call; `loop` has a timer of the lobby's and has ended
  /// before it is destroyed.
  GameLobby(actors::Asker& asker, std::shared_ptr<const GameTickets> tickets,
            udp::MessageSink& sink, boost::asio::io_context& loop, GameLobbyOptions options);
  ~GameLobby() override;

  void enter(const match::Client& client) override;
  void hear(const match::Client& client, const udp::LobbyMessage& message) override;
  void leave(const match::Client& client) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace troupe::api

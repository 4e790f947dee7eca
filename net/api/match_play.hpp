// Playing matches over WebSocket: the game protocol of docs/games.md for clients that have no UDP.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/udp/game_session.hpp"
#include "net/udp/message_sink.hpp"

namespace boost::asio {
class io_context;
}
namespace troupe {
class Metrics;
}
namespace troupe::http {
class Router;
}
namespace troupe::ws {
class Session;
}

namespace troupe::api {

/// A Goodbye closes a WebSocket with this and its number.
inline constexpr std::uint16_t kGoodbyeCloses = 4'100;

struct MatchPlayOptions {
  std::size_t max_clients = 4'000;
  match::SessionId first_session = 1;  ///< ids count from here (net/udp/output_switch.hpp)
  std::shared_ptr<udp::Door> door;
  boost::asio::io_context* loop = nullptr;  ///< has a timer of ours; ends before it is destroyed
};

/// Each message is binary: a byte that names the channel (game::kReliableChannel or
/// kUnreliableChannel), then what the ENet protocol has there. Thread-safe; a client lives on its
/// session's loop.
class MatchPlay final : public udp::MessageSink {
 public:
  MatchPlay(Metrics& metrics, MatchPlayOptions options);
  ~MatchPlay() override;

  /// Takes a connection over, in its WsHandler. `address`: whose connects are counted. `match`: of
  /// the path; the token must be for the same.
  void accept(const std::shared_ptr<ws::Session>& session, const std::string& address,
              const std::string& match);
  /// Tells all clients that the server goes away and takes no more.
  void stop();

  void snapshot(match::SessionId session, const game::SnapshotHead& head,
                std::shared_ptr<const std::string> delta) override;
  void goodbye(match::SessionId session, game::Goodbye reason) override;
  void message(match::SessionId session, std::string bytes) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// WS /api/v1/matches/{id}/play, and WS /api/v1/matchmaking/lobby for those who want one. The token
/// comes in the first message, Hello. References must outlive the router.
void mount_match_play(http::Router& router, MatchPlay& play);

}  // namespace troupe::api

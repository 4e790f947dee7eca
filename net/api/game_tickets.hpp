// What opens a game connection: a token, and where to go with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/jwt.hpp"
#include "base/result.hpp"

namespace troupe::actors {
class Asker;
struct Context;
}  // namespace troupe::actors
namespace troupe::fleet {
class Fleet;
}
namespace troupe::http {
class Responder;
}
namespace troupe::api {

struct GameTicket {
  std::string host;
  std::uint16_t port = 0;
  std::string ws;  ///< path
  std::string token;
  std::int64_t expires_s = 0;  ///< Unix time
};

/// Answers who asked for one. Errors as send_busy has them.
void send_ticket(const http::Responder& out, const std::string& player,
                 const Result<GameTicket>& ticket);
/// Hosts that are full or drain take matches again, or others do: come back, says Retry-After.
void send_busy(const http::Responder& out, const Error& why);

/// Thread-safe. What it has begun keeps it.
class GameTickets : public std::enable_shared_from_this<GameTickets> {
 public:
  GameTickets(actors::Context& context, actors::Asker& asker, JwtKey key,
              std::shared_ptr<fleet::Fleet> fleet);

  using Done = std::function<void(const Result<GameTicket>&)>;
  /// For a match that goes on, to a player who may play. `done` runs once, on any thread. Errors:
  /// forbidden (kicked or banned), not_found, conflict (the match is over), overloaded,
  /// unavailable.
  void issue(const std::string& player, const std::string& match, std::chrono::milliseconds timeout,
             const Done& done) const;
  /// Into the lobby, at a host that takes players. Errors: as above, unavailable.
  void issue_for_lobby(const std::string& player, const Done& done) const;

 private:
  using Then = std::function<void(const GameTickets& self)>;
  void if_allowed(const std::string& player, const Done& done, Then then) const;

  actors::Context& context_;
  actors::Asker& asker_;
  const JwtKey key_;
  const std::shared_ptr<fleet::Fleet> fleet_;
};

}  // namespace troupe::api

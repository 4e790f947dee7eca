// Matchmaking over the game protocol (docs/matchmaking.md): waits connected, is told at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "game/wire.hpp"
#include "net/client/game_client.hpp"

namespace troupe::client {

struct QueueWish {
  std::string mode;
  /// To other regions than the host's, which the server measures itself: name, ms.
  std::vector<std::pair<std::string, std::uint16_t>> pings;
  std::vector<std::string> party;  ///< the others
  std::vector<std::string> roles;
  bool auto_accept = false;
};

/// Where the own ticket stands.
struct QueueState {
  /// "none", "refused", or of the ticket: "forming", "queued", "proposed", "starting", "matched",
  /// "ended".
  std::string state;
  std::string reason;  ///< why it ended, or was refused
  std::string ticket, mode;
  std::uint64_t deadline_ms = 0;  ///< Unix time, to answer; 0: none
  std::uint16_t ping_ms = 0;      ///< to the host, as the server measured it
  std::string region;
  // Once matched.
  std::string match;
  int team = 0;
  Ticket game;  ///< for ClientHost::connect; without a token it is to be had over HTTP
};

/// Not thread-safe.
class LobbyClient {
 public:
  /// `token` comes from POST /api/v1/matchmaking/queue/token, with the host and port. Errors:
  /// invalid_argument (address), io.
  static Result<std::unique_ptr<LobbyClient>> connect(const std::string& host, std::uint16_t port,
                                                      const std::string& token);
  ~LobbyClient();

  /// Sends and receives; waits at most `wait_ms` for something to happen.
  void service(std::uint32_t wait_ms);
  void enter(const QueueWish& wish);
  /// Yes to the party, or to the match.
  void accept(bool auto_accept = false);
  /// No to either, or no longer.
  void decline();

  /// Nothing until the server has told the first.
  [[nodiscard]] const std::optional<QueueState>& state() const noexcept;
  [[nodiscard]] bool closed() const noexcept;
  [[nodiscard]] game::Goodbye goodbye() const noexcept;

 private:
  struct Impl;
  explicit LobbyClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::client

// What is the same for game clients however they are connected: who may come in, what they may
// send, and what of it reaches a match.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "actors/match/messages.hpp"
#include "base/jwt.hpp"
#include "base/token_bucket.hpp"
#include "net/udp/client_message.hpp"
#include "net/udp/client_rate.hpp"
#include "net/udp/used_tokens.hpp"

namespace prometheus {
class Counter;
}
namespace troupe {
class Metrics;
}

namespace troupe::udp {

/// The audience of a game token; its subject is the player, its context the match.
inline constexpr const char* kGameAudience = "troupe-game";
/// From its issue to its expiry. A door takes none that was issued before it was opened.
inline constexpr std::int64_t kGameTokenSeconds = 60;

/// The match of a token that opens the lobby.
inline constexpr const char* kLobby = "@lobby";

/// A token for `match`, or kLobby, and for one connection. Errors: those of sign_jwt.
[[nodiscard]] Result<std::string> sign_game_token(const JwtKey& key, const std::string& player,
                                                  const std::string& match, std::int64_t now_s);

/// Who waits for a match while connected (net/api/game_lobby.hpp). Called on gateways' threads;
/// must not block.
class Lobby {
 public:
  virtual ~Lobby() = default;
  virtual void enter(const match::Client& client) = 0;
  virtual void hear(const match::Client& client, const LobbyMessage& message) = 0;
  virtual void leave(const match::Client& client) = 0;
};

struct DoorOptions {
  JwtKey token_key;
  std::chrono::milliseconds hello_timeout{5'000};
  double packets_per_second = 120;   ///< of one client; four times as many at once
  double bytes_per_second = 32'768;  ///< of one client; four times as many at once
  /// Connections of one address: a second's worth, and at once.
  RateLimit connects{50, 1'000};
  /// What verified clients do. Called on their gateway's thread; must not block.
  std::function<void(const std::string& match, const match::Client&)> on_enter;
  std::function<void(const std::string& match, const match::Client&)> on_leave;
  std::function<void(const std::string& match, match::InputPtr)> on_input;
};

/// One for all gateways of a server, so that a token opens one connection wherever it is shown.
/// Thread-safe.
class Door {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  Door(Metrics& metrics, DoorOptions options);

  /// Whether another connection of this address is within its rate; one that is not is counted.
  [[nodiscard]] bool may_connect(const std::string& address, TimePoint now);

  struct Admission {
    std::string match, player;
  };
  /// Nothing when the token is forged, expired, used or of before; counted by which.
  [[nodiscard]] std::optional<Admission> admit(const std::string& token);

  /// Nobody comes into the lobby before there is one.
  void open_lobby(std::shared_ptr<Lobby> lobby);
  [[nodiscard]] std::shared_ptr<Lobby> lobby() const;

  /// Counts something refused. `reason`: of a bounded set.
  void refuse(const char* reason);
  [[nodiscard]] const DoorOptions& options() const noexcept { return options_; }

 private:
  Metrics& metrics_;
  const DoorOptions options_;
  const std::int64_t opened_s_;
  mutable std::mutex mutex_;
  std::shared_ptr<Lobby> lobby_;
  RateLimiter connects_;
  UsedTokens used_tokens_;

 public:
  prometheus::Counter& packets_in;
  prometheus::Counter& snapshots_out;
  prometheus::Counter& snapshots_replaced;
  prometheus::Counter& outbox_full;
};

/// One client, from its connection to its end. Belongs to its gateway's thread.
class GameSession {
 public:
  using TimePoint = Door::TimePoint;
  /// `only_match`: tokens of others are refused; empty: any.
  GameSession(Door& door, match::SessionId id, TimePoint now, std::string only_match = {});

  /// One message of the client, whose match hears of it. A reason: the client is to be sent away
  /// with it, and it has been counted why.
  [[nodiscard]] game::Goodbye receive(std::string_view bytes, TimePoint now);
  /// Whether it has not said Hello in time: once, and counted.
  [[nodiscard]] bool overdue(TimePoint now);
  /// The connection is over.
  void gone();

  [[nodiscard]] match::SessionId id() const noexcept { return client_.session; }
  [[nodiscard]] bool verified() const noexcept { return verified_; }
  /// The match that its token names, once verified.
  [[nodiscard]] const std::string& match() const noexcept { return match_; }
  /// What it said last that it has; 0: nothing.
  [[nodiscard]] std::uint32_t acked_tick() const noexcept { return acked_tick_; }

 private:
  game::Goodbye hello(const HelloMessage& hello);
  game::Goodbye commands(CommandsMessage& message);
  void come_in();

  Door& door_;
  bool verified_ = false;
  std::string match_;  ///< until it is verified: that it must be
  match::Client client_;
  std::optional<TimePoint> hello_by_;  ///< nothing: it was told that it is too late
  ClientRate rate_;
  std::shared_ptr<Lobby> lobby_;  ///< null: it is not there
  std::uint32_t acked_tick_ = 0;
};

}  // namespace troupe::udp

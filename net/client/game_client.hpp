// The game client SDK: connect, send inputs, predict, reconcile, interpolate.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "game/game.hpp"
#include "game/wire.hpp"

namespace troupe::client {

enum class State { connecting, playing, closed };

/// Counted since the start.
struct Statistics {
  std::uint64_t snapshots = 0;
  std::uint64_t snapshot_bytes = 0;
  std::uint64_t undecodable = 0;  ///< the baseline was not there any more; a full snapshot follows
  /// Decoded to another state than the server has; reported to it, and repaired by a full snapshot.
  std::uint64_t mismatches = 0;
  std::uint64_t corrections = 0;         ///< the server's place differed from the predicted one
  std::uint32_t largest_correction = 0;  ///< 1/256 units on an axis
  std::uint32_t largest_divergence = 0;  ///< of the predicted from the confirmed place; the same
  double round_trip_ms = 0;  ///< from a command to the snapshot that used it (clock_sync.hpp)
  double jitter_ms = 0;
  double waiting = 0;  ///< own commands at the server that wait for their tick, smoothed
  std::uint64_t commands = 0;
  std::uint64_t reconnects = 0;
  double longest_silence_ms = 0;  ///< between two snapshots
  std::uint64_t lost_ticks = 0;   ///< seen, but the match went on from before them after a crash
  std::uint64_t held = 0;         ///< commands not taken: too many are unconfirmed (prediction.hpp)
};

/// What opens one connection: the answer of POST /api/v1/matches/{id}/join.
struct Ticket {
  std::string host;
  std::uint16_t port = 0;
  std::string token;
};
/// Asked, on the thread of service(), when the connection was lost. Nothing: none yet, to be asked
/// again after a pause (100 ms, doubling up to 2 s).
using TicketSource = std::function<std::optional<Ticket>()>;

/// A row of a match's result.
struct Placement {
  std::string player;
  int place = 0;  ///< from 1; equal scores share one
  std::uint32_t score = 0;
};

class ClientHost;

/// One player's connection, of whatever game; net/client/arena.hpp has it in the arena's own types.
/// Belongs to the thread of its ClientHost.
class GameClient {
 public:
  ~GameClient();
  GameClient(const GameClient&) = delete;
  GameClient& operator=(const GameClient&) = delete;

  [[nodiscard]] State state() const noexcept;
  /// Why it closed; `none` when the network did.
  [[nodiscard]] game::Goodbye goodbye() const noexcept;
  [[nodiscard]] int slot() const noexcept;
  [[nodiscard]] int tick_hz() const noexcept;
  /// Whose rules the match has; null before the first Welcome.
  [[nodiscard]] const game::Game* rules() const noexcept;

  /// Until the next send(): a tick, a little longer or shorter so that commands come in time.
  [[nodiscard]] std::chrono::nanoseconds command_period() const;
  /// Where the server is now; nothing before the first snapshot.
  [[nodiscard]] std::optional<double> server_tick() const;
  /// Once per command_period(): predicts the own movement at once and sends the command with those
  /// that may have been lost. When the player saw the others is stamped on it: what
  /// interpolated() drew last, or the newest view. One that is not of the match's game is not sent.
  void send(const game::PackedCommand& command);
  /// The newest view as the server made it; null: none yet.
  [[nodiscard]] const game::View* latest() const noexcept;
  /// The own part as predicted: the newest view with all unconfirmed commands applied. Null: the
  /// game predicts nothing, or there is no view yet.
  [[nodiscard]] const game::Predictor* predicted() const noexcept;
  /// The match `behind_ticks` behind the newest view, between the two views around that time. Null
  /// until there are two.
  [[nodiscard]] game::ViewPtr interpolated(double behind_ticks) const;
  [[nodiscard]] Statistics statistics() const noexcept;
  /// Best first, once the match is over; the connection ends with `match_over` then.
  [[nodiscard]] const std::vector<Placement>& result() const noexcept;
  void disconnect();
  /// Drops the connection without a word, as a lost network does.
  void drop();

  struct Impl;

 private:
  friend class ClientHost;
  explicit GameClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One UDP socket for up to 4,000 clients (one is usual; load tests use many). Not thread-safe.
class ClientHost {
 public:
  /// Errors: io.
  static Result<std::unique_ptr<ClientHost>> create(std::size_t max_clients = 1);
  ~ClientHost();

  /// `token` comes from POST /api/v1/matches/{id}/join. Errors: invalid_argument (address),
  /// overloaded (too many).
  /// With `tickets`, a client whose server is gone, or silent for a second, comes back by itself
  /// with a ticket from there: `connecting` again, until it plays on where it was. It is closed
  /// when the server says a reason that stands, or after a minute.
  Result<std::unique_ptr<GameClient>> connect(const std::string& host, std::uint16_t port,
                                              std::string token, TicketSource tickets = {});
  /// Sends and receives; waits at most `wait_ms` for something to happen.
  void service(std::uint32_t wait_ms);

  struct Impl;

 private:
  explicit ClientHost(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::client

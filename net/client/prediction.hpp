// What a client makes of its own commands before the server has: prediction and reconciliation.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "game/snapshot.hpp"

namespace troupe::client {

/// Commands that a client goes ahead of the server with, one and a half seconds at 30 Hz. Beyond
/// it the own player stands still until the server is heard again.
inline constexpr std::size_t kMaxAhead = 45;
/// How far, in 1/256 units on an axis, the predicted place can be from the confirmed one, and how
/// far a correction can move it: 11.25 units.
inline constexpr std::uint32_t kMaxDivergence =
    static_cast<std::uint32_t>(kMaxAhead) * static_cast<std::uint32_t>(game::kWalkSpeed);

class Prediction {
 public:
  struct Sent {
    std::uint32_t sequence = 0;
    game::Command command;
    game::Length x = 0, y = 0;  ///< predicted after it
  };
  struct Statistics {
    std::uint64_t corrections = 0;         ///< the server had it elsewhere
    std::uint32_t largest_correction = 0;  ///< 1/256 units on an axis
    std::uint32_t largest_divergence = 0;  ///< of the predicted place from the confirmed one
  };

  /// Applies `command` at once; nothing when it is too far ahead. Returns its sequence number.
  std::optional<std::uint32_t> predict(const game::Command& command);
  /// The server's word for the past: `own` after the command `confirmed`, of a history that knows
  /// all of `unconfirmed()` up to it. Replays what is newer.
  void reconcile(const game::PlayerView& own, std::uint32_t confirmed);
  /// What comes next belongs to another history: places before it say nothing.
  void forget_place() noexcept { was_alive_ = false; }

  [[nodiscard]] const std::optional<game::Player>& player() const noexcept { return player_; }
  /// Oldest first.
  [[nodiscard]] const std::deque<Sent>& unconfirmed() const noexcept { return unconfirmed_; }
  /// The newest sequence number that was given out; 0: none.
  [[nodiscard]] std::uint32_t newest() const noexcept { return next_sequence_ - 1; }
  [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }

 private:
  void compare(const game::PlayerView& own, const Sent& sent);
  void measure_divergence();

  std::deque<Sent> unconfirmed_;
  std::uint32_t next_sequence_ = 1;
  std::optional<game::Player> player_;
  game::Length confirmed_x_ = 0, confirmed_y_ = 0;
  bool was_alive_ = false;  ///< in the newest snapshot
  Statistics statistics_;
};

}  // namespace troupe::client

// What a client makes of its own commands before the server has: prediction and reconciliation.
// Pure; what a command does, the game's Predictor knows.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "game/game.hpp"

namespace troupe::client {

/// Commands that a client goes ahead of the server with, one and a half seconds at 30 Hz. Beyond
/// it the own player stands still until the server is heard again.
inline constexpr std::size_t kMaxAhead = 45;

class Prediction {
 public:
  struct Sent {
    std::uint32_t sequence = 0;
    game::PackedCommand command;
    std::optional<game::Place> where;  ///< predicted after it
  };
  struct Statistics {
    std::uint64_t corrections = 0;         ///< the server had it elsewhere
    std::uint32_t largest_correction = 0;  ///< 1/256 units on an axis
    std::uint32_t largest_divergence = 0;  ///< of the predicted place from the confirmed one
  };

  /// Null: nothing is predicted, commands are only numbered.
  void use(std::unique_ptr<game::Predictor> predictor);

  /// Applies `command` at once; nothing when it is too far ahead. Returns its sequence number.
  std::optional<std::uint32_t> predict(const game::PackedCommand& command);
  /// The server's word for the past: `view` after the command `confirmed`, of a history that knows
  /// all of `unconfirmed()` up to it. Replays what is newer.
  void reconcile(const game::View& view, std::uint32_t confirmed);
  /// What comes next belongs to another history: places before it say nothing.
  void forget_place() noexcept;

  [[nodiscard]] const game::Predictor* predictor() const noexcept { return predictor_.get(); }
  /// Oldest first.
  [[nodiscard]] const std::deque<Sent>& unconfirmed() const noexcept { return unconfirmed_; }
  /// The newest sequence number that was given out; 0: none.
  [[nodiscard]] std::uint32_t newest() const noexcept { return next_sequence_ - 1; }
  [[nodiscard]] const Statistics& statistics() const noexcept { return statistics_; }

 private:
  [[nodiscard]] std::optional<game::Place> where() const;
  void compare(const Sent& sent);
  void measure_divergence();

  std::deque<Sent> unconfirmed_;
  std::uint32_t next_sequence_ = 1;
  std::unique_ptr<game::Predictor> predictor_;
  std::optional<game::Place> confirmed_;
  Statistics statistics_;
};

}  // namespace troupe::client

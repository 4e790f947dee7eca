// What a round of changes makes of a board, before it is durable. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/leaderboard/messages.hpp"

namespace troupe::leaderboard {

/// Refers to the board, which must not change until the plan is applied to it or dropped.
class RoundPlan {
 public:
  RoundPlan(const Definition& definition, std::uint32_t season, const Board& board,
            std::uint64_t applied, std::uint64_t max_entries);

  /// Whether it changes anything: what is kept may be better, the board may be full.
  bool submit(const Submission& submission);
  /// Rows of events up to the last one that was applied are passed over.
  void apply_points(const std::vector<Points>& points);
  /// Whether the player is on the board.
  bool withdraw(const std::string& player);

  void write(storage::Batch& batch) const;
  /// Returns the last event whose points are in.
  std::uint64_t apply(Board& board) const;

 private:
  [[nodiscard]] std::optional<Entry> before(const std::string& player) const;
  bool set(const std::string& player, std::int64_t score);

  const Definition& definition_;
  std::uint32_t season_;
  const Board& board_;
  std::uint64_t sequence_, applied_before_, applied_, max_entries_;
  std::map<std::string, std::optional<Entry>> changes_;  ///< nothing: goes
};

}  // namespace troupe::leaderboard

// A leaderboard in memory: who has which score, who stands where. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/leaderboard/order_tree.hpp"
#include "actors/leaderboard/player_index.hpp"

namespace troupe::leaderboard {

/// Scores are whole numbers within ±2^53, which JSON readers keep exactly.
inline constexpr std::int64_t kMaxScore = 1LL << 53;

enum class Order : std::uint8_t { high_first, low_first };

/// What is kept of a player's scores.
enum class Keep : std::uint8_t { best, last, sum };

/// An entry as it is stored. `sequence`: which change of the board made it; among equal scores the
/// one who had it first stands first.
struct Entry {
  std::string player;
  std::int64_t score = 0;
  std::uint64_t sequence = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Where a player stands. Equal scores share a rank, and the next one is that many lower: 1, 2, 2,
/// 4. `position` counts every entry, from 0.
struct Standing {
  std::string player;
  std::int64_t score = 0;
  std::uint64_t rank = 0;
  std::uint64_t position = 0;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// All operations are O(log n), lists O(log n + length). Up to 2^32 - 1 players. Not thread-safe.
class Board {
 public:
  explicit Board(Order order) : order_(order) {}

  /// Sets the player's score: the change with `sequence`, greater than all before. The same score
  /// again keeps its place.
  void set(std::string_view player, std::int64_t score, std::uint64_t sequence);
  void remove(std::string_view player);
  /// Replaces all by `entries`, in any order, no player twice: O(n log n), and several times as
  /// fast as set().
  void load(std::vector<Entry> entries);

  /// What `player` has; nothing for somebody who has no score.
  [[nodiscard]] std::optional<Entry> entry(std::string_view player) const;
  [[nodiscard]] std::optional<Standing> standing(std::string_view player) const;
  /// Up to `count` from `position` on.
  [[nodiscard]] std::vector<Standing> list(std::uint64_t position, std::size_t count) const;
  /// Up to `count` after the place of (score, sequence), whether or not anybody has it still.
  [[nodiscard]] std::vector<Standing> list_after(std::int64_t score, std::uint64_t sequence,
                                                 std::size_t count) const;
  /// The player with up to `side` neighbours on each side; empty for somebody who has no score.
  [[nodiscard]] std::vector<Standing> around(std::string_view player, std::size_t side) const;

  [[nodiscard]] std::uint64_t size() const noexcept { return tree_.size(); }
  /// The greatest sequence so far; 0 at first.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] Order order() const noexcept { return order_; }
  [[nodiscard]] std::size_t bytes() const noexcept;
  /// For tests, O(n).
  [[nodiscard]] bool valid() const { return tree_.valid() && players_.size() == tree_.size(); }

 private:
  static constexpr std::size_t kKeysPerBlock = 1U << 13;

  /// Also its own inverse.
  [[nodiscard]] std::int64_t weight(std::int64_t score) const noexcept {
    return order_ == Order::high_first ? -score : score;
  }
  [[nodiscard]] OrderKey& key_of(std::uint32_t slot) noexcept {
    return (*keys_[slot / kKeysPerBlock])[slot % kKeysPerBlock];
  }
  [[nodiscard]] const OrderKey& key_of(std::uint32_t slot) const noexcept {
    return (*keys_[slot / kKeysPerBlock])[slot % kKeysPerBlock];
  }
  std::uint32_t add(std::string_view player);

  Order order_;
  PlayerIndex players_;
  OrderTree tree_;
  std::vector<std::unique_ptr<std::array<OrderKey, kKeysPerBlock>>> keys_;  ///< by slot
  std::uint64_t sequence_ = 0;
};

/// What becomes of `before` when `submitted` comes in; nothing: it stays as it is.
[[nodiscard]] std::optional<std::int64_t> kept(Keep keep, Order order,
                                               std::optional<std::int64_t> before,
                                               std::int64_t submitted) noexcept;

}  // namespace troupe::leaderboard

// Round robin: everybody meets everybody once. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "actors/tournament/bracket.hpp"

namespace troupe::tournament {

/// What a pairing brought: a winner, a draw, or nothing yet.
enum class Outcome : std::uint8_t { open, first, second, draw };

struct Standing {
  Seed seed = 0;
  std::size_t rank = 1;  ///< equal ones share it: 1, 2, 2, 4
  int points = 0;        ///< 3 for a win, 1 for a draw
  int wins = 0, draws = 0, losses = 0;
  friend bool operator==(const Standing&, const Standing&) = default;
};

/// The schedule of 2 to kMaxEntrants entrants by the circle method: n - 1 rounds (n with an odd
/// number, in which one pauses), each entrant once in a round, each pair once in all.
class RoundRobin {
 public:
  static constexpr std::size_t kMaxEntrants = 128;  // 8,128 pairings

  struct Meeting {
    Seed first = 0, second = 0;
    Outcome outcome = Outcome::open;
    friend bool operator==(const Meeting&, const Meeting&) = default;
  };

  explicit RoundRobin(std::size_t entrants);

  [[nodiscard]] const std::vector<std::vector<Meeting>>& rounds() const noexcept { return rounds_; }
  /// Nothing: a draw. Errors: not_found, conflict (it has another outcome), invalid_argument
  /// (neither side). The same outcome again is no error.
  Result<void> report(Place place, std::optional<Seed> winner);
  /// All open meetings of an entrant are lost. Errors: not_found.
  Result<void> withdraw(Seed seed);
  [[nodiscard]] bool finished() const noexcept;
  /// By points, then by points in the meetings among those who are equal, then by wins; who is
  /// equal in all of these shares a rank, in the order of seeds.
  [[nodiscard]] std::vector<Standing> standings() const;

 private:
  std::size_t entrants_;
  std::vector<std::vector<Meeting>> rounds_;
  std::vector<bool> gone_;
};

}  // namespace troupe::tournament

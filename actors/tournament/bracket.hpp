// Single elimination: who meets whom, and who goes on. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"

namespace troupe::tournament {

/// A participant by seed: 0 is the best.
using Seed = std::uint32_t;

/// One meeting. A side is empty until it is known who comes; in the first round an empty side
/// beside a taken one is a bye.
struct Pairing {
  std::optional<Seed> first, second;
  std::optional<Seed> winner;
  friend bool operator==(const Pairing&, const Pairing&) = default;
};

/// Where a pairing is: rounds from 0, pairings from the top.
struct Place {
  std::size_t round = 0, pairing = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// The bracket of 2 to kMaxEntrants entrants, padded with byes to a power of two. Seeds are placed
/// so that the best two can meet only in the final, the best four only in the semi-finals, and so
/// on; byes go to the best seeds.
class Bracket {
 public:
  static constexpr std::size_t kMaxEntrants = 4'096;

  explicit Bracket(std::size_t entrants);

  [[nodiscard]] const std::vector<std::vector<Pairing>>& rounds() const noexcept { return rounds_; }
  /// Both sides are there and nobody has won yet.
  [[nodiscard]] bool playable(Place place) const noexcept;
  [[nodiscard]] std::vector<Place> playable() const;
  /// Errors: not_found (no such pairing), conflict (not playable, or won by the other),
  /// invalid_argument (neither side). The same winner again is no error.
  Result<void> report(Place place, Seed winner);
  /// Takes an entrant out: an opponent who is there wins, one who is still to come has a bye.
  /// Errors: not_found.
  Result<void> withdraw(Seed seed);
  [[nodiscard]] std::optional<Seed> champion() const noexcept { return rounds_.back()[0].winner; }
  /// From 1: the champion, the finalist 2, those who lost in the semi-finals 3, then 5, 9 …;
  /// 0: still in.
  [[nodiscard]] std::vector<std::size_t> places() const;

 private:
  void advance(Place place, Seed winner);
  /// Lets entrants whose opponent left or never was go on.
  void settle_byes();

  std::size_t entrants_;
  std::vector<std::vector<Pairing>> rounds_;
  std::vector<bool> gone_;
};

/// The order of seeds in the first round of a bracket of `size` (a power of two): 0 against
/// size - 1 on top.
[[nodiscard]] std::vector<Seed> seed_order(std::size_t size);

}  // namespace troupe::tournament

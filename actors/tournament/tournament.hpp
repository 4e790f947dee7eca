// A tournament: who takes part, who meets whom, who won. Pure: a list of steps makes it what it is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "actors/tournament/bracket.hpp"
#include "actors/tournament/round_robin.hpp"

namespace troupe::tournament {

enum class Format : std::uint8_t { single_elimination, round_robin };
[[nodiscard]] std::string_view to_string(Format format) noexcept;
[[nodiscard]] std::optional<Format> parse_format(std::string_view name) noexcept;
[[nodiscard]] std::size_t most_entrants(Format format) noexcept;

enum class Phase : std::uint8_t { registering, running, finished };
[[nodiscard]] std::string_view to_string(Phase phase) noexcept;

struct Definition {
  std::string id, name, owner;
  std::string mode;  ///< by whose ratings entrants are seeded
  Format format = Format::single_elimination;
  std::size_t max_entrants = 64;
  std::uint64_t created_ms = 0;
  friend bool operator==(const Definition&, const Definition&) = default;
};

/// What happened, in the order in which it did.
struct Entered {
  std::string player;
  friend bool operator==(const Entered&, const Entered&) = default;
};
struct Left {
  std::string player;
  friend bool operator==(const Left&, const Left&) = default;
};
struct Started {
  std::vector<std::string> seeds;  ///< all entrants, the best first
  friend bool operator==(const Started&, const Started&) = default;
};
struct Reported {
  Place place;
  std::string winner;  ///< empty: a draw
  friend bool operator==(const Reported&, const Reported&) = default;
};
/// A match is made for a pairing, or another one after a draw.
struct Paired {
  Place place;
  std::string match;
  friend bool operator==(const Paired&, const Paired&) = default;
};
using Step = std::variant<Entered, Left, Started, Reported, Paired>;

class Tournament {
 public:
  explicit Tournament(Definition definition) : definition_(std::move(definition)) {}

  /// Errors: conflict (not in this phase, full, entered already, a pairing that is not playable or
  /// has another outcome), not_found (who is not in it, no such pairing), invalid_argument (a
  /// winner who is not in the pairing, a draw in an elimination, too few entrants). Unchanged then.
  Result<void> apply(const Step& step);

  [[nodiscard]] const Definition& definition() const noexcept { return definition_; }
  [[nodiscard]] Phase phase() const noexcept;
  /// In the order of entering; once it runs, of seeds.
  [[nodiscard]] const std::vector<std::string>& entrants() const noexcept { return entrants_; }
  /// The match of a pairing; empty: none.
  [[nodiscard]] std::string match(Place place) const;
  /// Who plays in a pairing that is open. Errors: not_found, conflict (not playable now).
  [[nodiscard]] Result<std::pair<std::string, std::string>> opponents(Place place) const;
  /// Null in other formats and before it runs.
  [[nodiscard]] const Bracket* bracket() const noexcept { return std::get_if<Bracket>(&play_); }
  [[nodiscard]] const RoundRobin* round_robin() const noexcept {
    return std::get_if<RoundRobin>(&play_);
  }

 private:
  Result<void> enter(const std::string& player);
  Result<void> leave(const std::string& player);
  Result<void> start(const std::vector<std::string>& seeds);
  Result<void> report(const Reported& result);

  Definition definition_;
  std::vector<std::string> entrants_;
  std::unordered_map<std::string, Seed> seeds_;  ///< once it runs
  std::variant<std::monostate, Bracket, RoundRobin> play_;
  std::map<Place, std::string> matches_;
};

}  // namespace troupe::tournament

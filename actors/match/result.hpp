// When a match is over, and who came in where. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "game/game.hpp"

namespace troupe::match {

struct Rules {
  std::uint32_t time_limit_ticks = 0;  ///< 0: none
  std::uint16_t score_limit = 0;       ///< 0: none
};

struct Placement {
  std::string player;
  int place = 1;  ///< equal scores share a place: 1, 2, 2, 4
  std::uint16_t score = 0;
  friend bool operator==(const Placement&, const Placement&) = default;
};

[[nodiscard]] bool is_over(const Rules& rules, const game::State& state);

/// Best first. `places`: player to slot, of all who have a place at the end.
[[nodiscard]] std::vector<Placement> rank(const game::State& state,
                                          const std::map<std::string, int>& places);

}  // namespace troupe::match

// What the fuzz targets of all games share.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "game/registry.hpp"

namespace troupe::game::fuzz {

/// The first byte picks the game; it is taken off.
inline const Game& pick(std::string_view& bytes) {
  const auto all = games();
  if (bytes.empty()) return *all.front();
  const auto index = static_cast<unsigned char>(bytes.front()) % all.size();
  bytes.remove_prefix(1);
  return *all[index];
}

/// Two have played for some ticks.
inline std::unique_ptr<State> played(const Game& game, int ticks) {
  auto out = game.begin({.seed = 3, .players = 2, .tick_hz = 30});
  out->enter(0);
  out->enter(1);
  for (int i = 0; i < ticks; ++i) out->step({});
  return out;
}

inline void assert_round_trip([[maybe_unused]] const Game& game,
                              [[maybe_unused]] const State& state) {
  [[maybe_unused]] const auto again = game.decode_state(state.encode());
  assert(again && again->hash() == state.hash() && again->tick() == state.tick());
}

}  // namespace troupe::game::fuzz

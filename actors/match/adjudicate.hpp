// A shot judged again, from the log of its match alone.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::match {

struct Adjudication {
  std::string match, player;
  std::uint32_t tick = 0;
  int slot = 0;
  std::uint64_t logged_hash = 0;  ///< of the state after the tick, as the match wrote it down
  std::uint64_t replayed_hash =
      0;             ///< as it was played again: the same, or the match did not do it
  std::string shot;  ///< game::Game::explain_shot: a JSON object
};

/// Plays the match up to `tick`, each tick compared with its logged hash, and judges the shot that
/// `slot` fired in it. Errors: not_found (no such match, nobody there, or no shot then), and those
/// of replay().
Result<Adjudication> adjudicate(const storage::Store& store, const std::string& match,
                                std::uint32_t tick, int slot);

}  // namespace troupe::match

// Showing a match to those who watch it, late by a stated time so that nobody who plays gains by
// it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "actors/match/result.hpp"
#include "game/game.hpp"

namespace troupe::match {

/// Those who watch, as matches see them. Implemented by net/api. Thread-safe, does not block.
class Spectators {
 public:
  virtual ~Spectators() = default;
  /// Frames are made only for matches that are watched.
  [[nodiscard]] virtual bool watched(const std::string& match) const = 0;
  /// One of game::Game::spectator_frame.
  virtual void show(const std::string& match, const std::string& frame) = 0;
  virtual void ended(const std::string& match, const std::vector<Placement>& result) = 0;
};

/// What one match holds back of its frames: at most a frame for each tick of the delay. Lives in
/// the match actor.
class Screening {
 public:
  /// Once per tick, with what there is now.
  void tick(const std::string& match, const game::Game& game, const game::State& state,
            std::uint32_t delay_ticks, Spectators& spectators);

 private:
  struct Held {
    std::uint32_t tick = 0;
    std::string frame;
  };
  std::deque<Held> held_;
};

}  // namespace troupe::match

// The arena as a Game: the real-time shooter whose rules are in world.hpp.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "game/arena/snapshot.hpp"
#include "game/arena/world.hpp"
#include "game/game.hpp"

namespace troupe::game {

[[nodiscard]] const Game& arena_game() noexcept;

class ArenaState final : public State {
 public:
  explicit ArenaState(World begun) : world(std::move(begun)) {}
  [[nodiscard]] std::unique_ptr<State> clone() const override;
  [[nodiscard]] std::uint32_t tick() const override { return world.tick; }
  [[nodiscard]] std::uint64_t hash() const override { return state_hash(world); }
  [[nodiscard]] std::string encode() const override;
  void enter(int slot) override { add_player(world, slot); }
  void leave(int slot) override { remove_player(world, slot); }
  [[nodiscard]] bool taken(int slot) const override { return player(slot).present; }
  void step(const Commands& commands) override;
  [[nodiscard]] int score(int slot) const override { return player(slot).score; }

  World world;
  std::vector<arena::Verdict> shots;  ///< of the last step; no part of the state

 private:
  [[nodiscard]] const Player& player(int slot) const {
    return world.players[static_cast<std::size_t>(slot)];
  }
};

class ArenaView final : public View {
 public:
  explicit ArenaView(Snapshot shown)
      : View(shown.tick), snapshot(std::move(shown)), hash(view_hash(snapshot)) {}
  const Snapshot snapshot;
  const std::uint64_t hash;
};

/// Its own player alone: it walks and turns.
class ArenaPredictor final : public Predictor {
 public:
  explicit ArenaPredictor(int slot) : slot_(slot) {}
  void confirm(const View& view) override;
  void apply(const PackedCommand& command) override;
  [[nodiscard]] std::optional<Place> where() const override;
  [[nodiscard]] const std::optional<Player>& player() const noexcept { return player_; }

 private:
  int slot_;
  std::optional<Player> player_;
};

/// Of a view of the arena.
[[nodiscard]] inline const Snapshot& snapshot_of(const View& view) {
  return static_cast<const ArenaView&>(view).snapshot;
}
/// Of a state of the arena.
[[nodiscard]] inline const World& world_of(const State& state) {
  return static_cast<const ArenaState&>(state).world;
}
/// Null: not in it.
[[nodiscard]] const PlayerView* find_player(const Snapshot& snapshot, int slot) noexcept;

}  // namespace troupe::game

// Ball as a Game.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "game/ball/pitch_codec.hpp"
#include "game/delta_game.hpp"

namespace troupe::game::ball {

[[nodiscard]] const Game& ball_game() noexcept;

/// Two bytes: u8 heading; u8 throttle | boost << 3.
[[nodiscard]] PackedCommand pack(const Steer& steer);
/// Of pack() or verify().
[[nodiscard]] Steer unpack(const PackedCommand& command);
/// Nothing when these bytes are none.
[[nodiscard]] std::optional<PackedCommand> verify(std::string_view bytes);

using BallView = ViewOf<Pitch>;
/// Of a view of this game.
[[nodiscard]] inline const Pitch& pitch_of(const View& view) {
  return shown_of<Pitch>(view);
}

class BallState final : public State {
 public:
  explicit BallState(const Pitch& begun) : pitch(begun) {}
  [[nodiscard]] std::unique_ptr<State> clone() const override {
    return std::make_unique<BallState>(*this);
  }
  [[nodiscard]] std::uint32_t tick() const override { return pitch.tick; }
  [[nodiscard]] std::uint64_t hash() const override;
  [[nodiscard]] std::string encode() const override;
  void enter(int slot) override { add_car(pitch, slot); }
  void leave(int slot) override { remove_car(pitch, slot); }
  [[nodiscard]] bool taken(int slot) const override;
  void step(const Commands& commands) override;
  /// The goals of its team.
  [[nodiscard]] int score(int slot) const override;

  Pitch pitch;
};

/// Plays the whole pitch on; the others roll on as they were.
class BallPredictor final : public Predictor {
 public:
  explicit BallPredictor(int slot) : slot_(slot) {}
  void confirm(const View& view) override { pitch_ = pitch_of(view); }
  void apply(const PackedCommand& command) override;
  [[nodiscard]] std::optional<Place> where() const override;
  /// Nothing before the first view.
  [[nodiscard]] const std::optional<Pitch>& pitch() const noexcept { return pitch_; }

 private:
  int slot_;
  std::optional<Pitch> pitch_;
};

}  // namespace troupe::game::ball

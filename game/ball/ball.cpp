#include "game/ball/ball.hpp"

#include <cmath>

#include <fmt/format.h>

namespace troupe::game::ball {
namespace {

/// There is nothing to hide, and little to send.
class BallLens final : public Lens {
 public:
  ViewPtr select(const State&, const ViewPtr& all, int, const ViewPtr&, const ViewPtr&) override {
    return all;
  }
};

std::string describe_body(const Body& body) {
  return fmt::format(R"("x":{},"y":{},"vx":{},"vy":{})", body.x, body.y, body.vx, body.vy);
}

class BallGame final : public DeltaGame<Pitch, PitchModel> {
 public:
  std::string_view name() const override { return "ball"; }
  Limits limits() const override { return {.least_players = 2, .most_players = kMostPlayers}; }
  Length extent() const override { return kExtent; }

  std::unique_ptr<State> begin(const Setup&) const override {
    return std::make_unique<BallState>(Pitch{});
  }
  std::unique_ptr<State> decode_state(std::string_view bytes) const override {
    const auto pitch = decode_pitch(bytes);
    return pitch ? std::make_unique<BallState>(*pitch) : nullptr;
  }
  std::string describe(const State& state) const override;

  std::optional<PackedCommand> verify(std::string_view bytes) const override {
    return ball::verify(bytes);
  }

  ViewPtr show_all(const State& state) const override {
    return std::make_shared<const BallView>(static_cast<const BallState&>(state).pitch);
  }
  bool open_to_all(const View&, const LensOptions&) const override { return true; }
  std::unique_ptr<Lens> lens(const LensOptions&) const override {
    return std::make_unique<BallLens>();
  }

  std::string spectator_frame(const State& state) const override {
    return encode_frame(static_cast<const BallState&>(state).pitch);
  }

  std::unique_ptr<Predictor> predictor(int slot) const override {
    return std::make_unique<BallPredictor>(slot);
  }
  ViewPtr between(const ViewPtr& from, const ViewPtr& to, double share) const override;
};

std::string BallGame::describe(const State& state) const {
  const auto& pitch = static_cast<const BallState&>(state).pitch;
  std::string players;
  for (std::size_t slot = 0; slot < pitch.cars.size(); ++slot) {
    const auto& car = pitch.cars[slot];
    if (!car.present) continue;
    players += fmt::format(R"({}{{"slot":{},{},"heading":{},"boost":{},"score":{}}})",
                           players.empty() ? "" : ",", slot, describe_body(car.body), car.heading,
                           car.boost, state.score(static_cast<int>(slot)));
  }
  return fmt::format(R"({{"players":[{}],"ball":{{{}}},"goals":[{},{}],"kickoff":{}}})", players,
                     describe_body(pitch.ball), pitch.goals[0], pitch.goals[1], pitch.kickoff);
}

ViewPtr BallGame::between(const ViewPtr& from, const ViewPtr& to, double share) const {
  const auto& before = pitch_of(*from);
  auto out = pitch_of(*to);
  const auto mix = [share](Body& body, const Body& old) {
    body.x = static_cast<Length>(std::lround(old.x + share * (body.x - old.x)));
    body.y = static_cast<Length>(std::lround(old.y + share * (body.y - old.y)));
  };
  if (before.goals != out.goals) return to;  // everything was put elsewhere
  for (std::size_t slot = 0; slot < out.cars.size(); ++slot) {
    if (out.cars[slot].present && before.cars[slot].present)
      mix(out.cars[slot].body, before.cars[slot].body);
  }
  mix(out.ball, before.ball);
  return std::make_shared<const BallView>(out);
}

}  // namespace

const Game& ball_game() noexcept {
  static const BallGame kGame;
  return kGame;
}

PackedCommand pack(const Steer& steer) {
  PackedCommand out;
  out.size = 2;
  out.bytes[0] = steer.heading;
  out.bytes[1] = static_cast<std::uint8_t>(steer.throttle | (steer.boost ? 8 : 0));
  return out;
}

Steer unpack(const PackedCommand& command) {
  return {.heading = command.bytes[0],
          .throttle = static_cast<std::uint8_t>(command.bytes[1] & kMostThrottle),
          .boost = (command.bytes[1] & 8) != 0};
}

std::optional<PackedCommand> verify(std::string_view bytes) {
  if (bytes.size() != 2 || static_cast<unsigned char>(bytes[1]) > 15) return std::nullopt;
  return PackedCommand(bytes);
}

std::uint64_t BallState::hash() const {
  return hash_of(pitch);
}

std::string BallState::encode() const {
  return encode_pitch(pitch);
}

bool BallState::taken(int slot) const {
  return slot < kMostPlayers && pitch.cars[static_cast<std::size_t>(slot)].present;
}

int BallState::score(int slot) const {
  return pitch.goals[static_cast<std::size_t>(team_of(slot))];
}

void BallState::step(const Commands& commands) {
  Steers steers{};
  for (std::size_t slot = 0; slot < steers.size(); ++slot) {
    if (commands[slot]) steers[slot] = unpack(*commands[slot]);
  }
  ball::step(pitch, steers);
}

void BallPredictor::apply(const PackedCommand& command) {
  if (!pitch_ || slot_ >= kMostPlayers) return;
  Steers steers{};
  steers[static_cast<std::size_t>(slot_)] = unpack(command);
  ball::step(*pitch_, steers);
}

std::optional<Place> BallPredictor::where() const {
  if (!pitch_ || slot_ >= kMostPlayers) return std::nullopt;
  const auto& car = pitch_->cars[static_cast<std::size_t>(slot_)];
  if (!car.present) return std::nullopt;
  return Place{car.body.x, car.body.y};
}

}  // namespace troupe::game::ball

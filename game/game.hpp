// What a game is to everything around it. A match is played, replicated, logged, replayed, shown
// and predicted through these classes; adding a game is a folder that implements them and a line in
// registry.cpp. docs/games.md walks through it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "game/packed_command.hpp"
#include "game/watcher.hpp"

namespace troupe::game {

/// Of all games, in 1/256 of a unit.
using Length = std::int32_t;
inline constexpr Length kUnit = 256;

/// Slots of a match, and so the most that a game can have.
inline constexpr int kMaxPlayers = 64;
/// Of one tick, by slot, all of them verified; nothing: none came in time.
using Commands = std::array<std::optional<PackedCommand>, kMaxPlayers>;

/// What one or more clients are shown at a tick. Never changes.
class View {
 public:
  explicit View(std::uint32_t at) : tick(at) {}
  virtual ~View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  const std::uint32_t tick;
};
using ViewPtr = std::shared_ptr<const View>;

/// What was learned of the deltas of views.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual std::unique_ptr<Model> clone() const = 0;
  /// A few hundred bytes.
  [[nodiscard]] virtual std::string pack() const = 0;
  /// False when the bytes are not of pack(); it is of no use then.
  [[nodiscard]] virtual bool unpack(std::string_view bytes) = 0;
};

/// All of a match that is the game's. Deterministic: integers only, no clock, no randomness but
/// what begin() seeded.
class State {
 public:
  virtual ~State() = default;
  [[nodiscard]] virtual std::unique_ptr<State> clone() const = 0;
  [[nodiscard]] virtual std::uint32_t tick() const = 0;
  /// Of all that the future depends on; equal on every machine.
  [[nodiscard]] virtual std::uint64_t hash() const = 0;
  /// What Game::decode_state makes the same state of.
  [[nodiscard]] virtual std::string encode() const = 0;

  /// Between ticks. `slot` is below Limits::most_players, and free or taken, as it should be.
  virtual void enter(int slot) = 0;
  virtual void leave(int slot) = 0;
  [[nodiscard]] virtual bool taken(int slot) const = 0;
  /// Whether a player who is gone for good keeps the place: its game goes on without it.
  [[nodiscard]] virtual bool keeps(int /*slot*/) const { return false; }

  virtual void step(const Commands& commands) = 0;

  /// 0 to 65,535; more is better.
  [[nodiscard]] virtual int score(int slot) const = 0;
  /// Whether it is over by its own rules, beyond a match's limits of time and score.
  [[nodiscard]] virtual bool over() const { return false; }
};

/// Watches one match, for those who look for cheats. Nothing of it can change the match.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// After each step, with what it was made by: appends what there is to tell.
  virtual void look(const State& state, const Commands& commands, std::vector<Notice>& out) = 0;
};

/// A state as a value: copies are clones.
class StateValue {
 public:
  StateValue() = default;
  StateValue(std::unique_ptr<State> state) : state_(std::move(state)) {}  // NOLINT(*-explicit-*)
  StateValue(const StateValue& other) : state_(other.state_ ? other.state_->clone() : nullptr) {}
  StateValue(StateValue&&) noexcept = default;
  StateValue& operator=(StateValue other) noexcept {
    state_ = std::move(other.state_);
    return *this;
  }
  ~StateValue() = default;

  [[nodiscard]] State& operator*() const noexcept { return *state_; }
  [[nodiscard]] State* operator->() const noexcept { return state_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  std::unique_ptr<State> state_;
};

struct LensOptions {
  Length view_distance = 0;        ///< from the own player; 0: no bound
  std::uint32_t budget_bytes = 0;  ///< of a delta, by estimate; 0: no bound
  bool line_of_sight = false;      ///< what walls hide is not told, where a game has walls
};

/// What one client is told: what it may see, and of that no more than its line carries, the most
/// urgent first.
class Lens {
 public:
  virtual ~Lens() = default;
  /// `all`: Game::show_all of the same state. `last`: what the client was sent last; `baseline`:
  /// what it has for certain; both null for nothing.
  [[nodiscard]] virtual ViewPtr select(const State& state, const ViewPtr& all, int slot,
                                       const ViewPtr& last, const ViewPtr& baseline) = 0;
};

struct Place {
  Length x = 0, y = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// A client's own part of the state, ahead of the server's word.
class Predictor {
 public:
  virtual ~Predictor() = default;
  /// Goes back to what the server says.
  virtual void confirm(const View& view) = 0;
  /// What one tick with this command of the own player makes of it.
  virtual void apply(const PackedCommand& command) = 0;
  /// Where the own player is; nothing while that cannot be predicted.
  [[nodiscard]] virtual std::optional<Place> where() const = 0;
};

struct Limits {
  int least_players = 2, most_players = kMaxPlayers;
};

/// What a match begins with.
struct Setup {
  std::uint64_t seed = 1;
  int players = 16;  ///< places
  int tick_hz = 30;
};

/// One kind of game. Has no state of its own and lives for ever. Everything that comes from outside
/// (`decode`, `decode_state`, `verify`) may be any bytes; states and views are of this game.
class Game {
 public:
  virtual ~Game() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Limits limits() const = 0;
  /// The side of the square in which all places are; 0: there are no places.
  [[nodiscard]] virtual Length extent() const { return 0; }

  [[nodiscard]] virtual std::unique_ptr<State> begin(const Setup& setup) const = 0;
  /// Null: these bytes are no state that the rules allow.
  [[nodiscard]] virtual std::unique_ptr<State> decode_state(std::string_view bytes) const = 0;
  /// Of a whole state, for people: a JSON object.
  [[nodiscard]] virtual std::string describe(const State& state) const = 0;
  /// What the last tick of `state` made of the shot that `slot` fired in it, judged again, with all
  /// that it was judged by: a JSON object. Empty: there was none.
  [[nodiscard]] virtual std::string explain_shot(const State& /*state*/, int /*slot*/) const {
    return {};
  }
  /// Null: there is nothing to be told of how players play.
  [[nodiscard]] virtual std::unique_ptr<Watcher> watcher() const { return nullptr; }

  /// Nothing: not a command of this game. Else the command as it is to be played.
  [[nodiscard]] virtual std::optional<PackedCommand> verify(std::string_view bytes) const = 0;
  /// Client side: writes into a command when its player saw the others, in 1/256 ticks.
  virtual void stamp(PackedCommand& /*command*/, std::uint64_t /*seen*/) const {}

  [[nodiscard]] virtual std::unique_ptr<Model> model() const = 0;
  /// The difference of `now` to `baseline`, which is older; null: to nothing. The model learns.
  [[nodiscard]] virtual std::string encode(Model& model, const View* baseline,
                                           const View& now) const = 0;
  /// The view of `tick`; null when the bytes are not such a difference; the model is of no use
  /// then.
  [[nodiscard]] virtual ViewPtr decode(Model& model, const View* baseline, std::uint32_t tick,
                                       std::string_view bytes) const = 0;
  /// Of all that is shown; equal on every machine. Its low 32 bits travel as the checksum.
  [[nodiscard]] virtual std::uint64_t hash(const View& view) const = 0;

  /// What one who sees everything is shown. Null: nobody may.
  [[nodiscard]] virtual ViewPtr show_all(const State& state) const = 0;
  /// Whether every client may be shown `all`, and its line carries it: then all share the same
  /// bytes, and no lens is asked.
  [[nodiscard]] virtual bool open_to_all(const View& all, const LensOptions& options) const = 0;
  [[nodiscard]] virtual std::unique_ptr<Lens> lens(const LensOptions& options) const = 0;

  /// What those who watch get: the state whole, as far as they may see it.
  [[nodiscard]] virtual std::string spectator_frame(const State& state) const = 0;
  /// A view whole, in the bytes of a spectator's frame: for clients in other languages.
  [[nodiscard]] virtual std::string frame(const View& view) const = 0;

  /// Client side, of the player in `slot`. Null: nothing is predicted.
  [[nodiscard]] virtual std::unique_ptr<Predictor> predictor(int slot) const = 0;
  /// What to draw between two views, `share` (0 to 1) of the way. Never null.
  [[nodiscard]] virtual ViewPtr between(const ViewPtr& from, const ViewPtr& to,
                                        double share) const = 0;
};

[[nodiscard]] inline std::uint32_t checksum(const Game& game, const View& view) {
  return static_cast<std::uint32_t>(game.hash(view));
}

}  // namespace troupe::game

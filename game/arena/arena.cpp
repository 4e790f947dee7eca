#include "game/arena/arena.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "game/arena/command.hpp"
#include "game/arena/explain.hpp"
#include "game/arena/interest.hpp"
#include "game/arena/snapshot_codec.hpp"
#include "game/arena/spectator_frame.hpp"
#include "game/arena/watch.hpp"
#include "game/arena/world_codec.hpp"
#include "game/model_of.hpp"

namespace troupe::game {
namespace {

using ArenaModel = ModelOf<SnapshotModel>;

const Snapshot& snapshot_or_nothing(const View* view) {
  static const Snapshot kNothing;
  return view != nullptr ? snapshot_of(*view) : kNothing;
}

ArenaCommands unpack(const Commands& commands) {
  ArenaCommands out{};
  for (std::size_t slot = 0; slot < out.size(); ++slot) {
    if (commands[slot]) out[slot] = unpack_command(*commands[slot]);
  }
  return out;
}

const Snapshot* snapshot_of(const ViewPtr& view) {
  return view ? &game::snapshot_of(*view) : nullptr;
}

class ArenaLens final : public Lens {
 public:
  explicit ArenaLens(const LensOptions& options) : options_(options) {}
  ViewPtr select(const State&, const ViewPtr& all, int slot, const ViewPtr& last,
                 const ViewPtr& baseline) override {
    auto shown = interest_.select(game::snapshot_of(*all), static_cast<std::uint8_t>(slot),
                                  snapshot_of(last), snapshot_of(baseline), options_);
    // Who happens to see everything shares the bytes of all others who do.
    if (shown == game::snapshot_of(*all)) return all;
    return std::make_shared<const ArenaView>(std::move(shown));
  }

 private:
  LensOptions options_;
  Interest interest_;
};

std::string describe_player(int slot, const Player& p) {
  return fmt::format(R"({{"slot":{},"x":{},"y":{},"aim":{},"health":{},"alive":{},"score":{}}})",
                     slot, p.x, p.y, p.aim, p.health, p.respawn == 0, p.score);
}

class ArenaWatcher final : public Watcher {
 public:
  void look(const State& state, const Commands& commands, std::vector<Notice>& out) override {
    watch_.look(world_of(state), unpack(commands), static_cast<const ArenaState&>(state).shots,
                out);
  }

 private:
  arena::Watch watch_;
};

class Arena final : public Game {
 public:
  std::string_view name() const override { return "arena"; }
  Limits limits() const override { return {.least_players = 2, .most_players = kMaxPlayers}; }
  Length extent() const override { return kArena; }

  std::unique_ptr<State> begin(const Setup& setup) const override {
    return std::make_unique<ArenaState>(make_world(setup.seed));
  }
  std::unique_ptr<State> decode_state(std::string_view bytes) const override {
    auto world = decode_world(bytes);
    return world ? std::make_unique<ArenaState>(std::move(*world)) : nullptr;
  }
  std::string describe(const State& state) const override {
    const auto& world = world_of(state);
    std::string players, shots;
    for (int slot = 0; slot < kMaxPlayers; ++slot) {
      const auto& player = world.players[static_cast<std::size_t>(slot)];
      if (player.present) players += (players.empty() ? "" : ",") + describe_player(slot, player);
    }
    for (const auto& p : world.projectiles) {
      shots += fmt::format(R"({}{{"id":{},"owner":{},"aim":{},"x":{},"y":{}}})",
                           shots.empty() ? "" : ",", p.id, p.owner, p.aim, p.x, p.y);
    }
    return fmt::format(R"({{"players":[{}],"projectiles":[{}]}})", players, shots);
  }

  std::string explain_shot(const State& state, int slot) const override {
    const auto& shots = static_cast<const ArenaState&>(state).shots;
    const auto shot =
        std::ranges::find(shots, slot, [](const arena::Verdict& v) { return int{v.shot.shooter}; });
    return shot == shots.end() ? std::string() : arena::explain(world_of(state), *shot);
  }
  std::unique_ptr<Watcher> watcher() const override { return std::make_unique<ArenaWatcher>(); }

  std::optional<PackedCommand> verify(std::string_view bytes) const override {
    return verify_command(bytes);
  }
  void stamp(PackedCommand& command, std::uint64_t seen) const override {
    auto stamped = unpack_command(command);
    stamped.seen_tick = static_cast<std::uint16_t>(seen >> 8 & 0xffff);
    stamped.seen_fraction = static_cast<std::uint8_t>(seen & 0xff);
    command = pack_command(stamped);
  }

  std::unique_ptr<Model> model() const override { return std::make_unique<ArenaModel>(); }
  std::string encode(Model& model, const View* baseline, const View& now) const override {
    return encode_snapshot(static_cast<ArenaModel&>(model).bits, snapshot_or_nothing(baseline),
                           game::snapshot_of(now));
  }
  ViewPtr decode(Model& model, const View* baseline, std::uint32_t tick,
                 std::string_view bytes) const override {
    auto snapshot = decode_snapshot(static_cast<ArenaModel&>(model).bits,
                                    snapshot_or_nothing(baseline), tick, bytes);
    return snapshot ? std::make_shared<const ArenaView>(std::move(*snapshot)) : nullptr;
  }
  std::uint64_t hash(const View& view) const override {
    return static_cast<const ArenaView&>(view).hash;
  }

  ViewPtr show_all(const State& state) const override {
    return std::make_shared<const ArenaView>(take_snapshot(world_of(state)));
  }
  bool open_to_all(const View& all, const LensOptions& options) const override {
    return fits_all(game::snapshot_of(all), options);
  }
  std::unique_ptr<Lens> lens(const LensOptions& options) const override {
    return std::make_unique<ArenaLens>(options);
  }

  std::string spectator_frame(const State& state) const override {
    return encode_spectator_frame(take_snapshot(world_of(state)));
  }
  std::string frame(const View& view) const override {
    return encode_spectator_frame(game::snapshot_of(view));
  }

  std::unique_ptr<Predictor> predictor(int slot) const override {
    return std::make_unique<ArenaPredictor>(slot);
  }
  ViewPtr between(const ViewPtr& from, const ViewPtr& to, double share) const override;
};

ViewPtr Arena::between(const ViewPtr& from, const ViewPtr& to, double share) const {
  const auto& before = game::snapshot_of(*from);
  auto out = game::snapshot_of(*to);
  // In 1/256 of a tick, as the server judges shots at what was drawn: exact between two ticks.
  const auto ticks = static_cast<double>(to->tick - from->tick);
  const auto parts = std::max(1L, std::lround(ticks)) * arena::kMomentsPerTick;
  const auto at = std::lround(share * static_cast<double>(parts));
  const auto mix = [at, parts](std::int64_t a, std::int64_t b) {
    return static_cast<std::uint16_t>(parts == arena::kMomentsPerTick
                                          ? arena::between(static_cast<Length>(a),
                                                           static_cast<Length>(b),
                                                           static_cast<std::int32_t>(at))
                                          : a + (b - a) * at / parts);
  };
  for (auto& player : out.players) {
    const auto* old = find_player(before, player.slot);
    if (old == nullptr || !old->alive || !player.alive) continue;
    player.x = mix(old->x, player.x);
    player.y = mix(old->y, player.y);
  }
  return std::make_shared<const ArenaView>(std::move(out));
}

}  // namespace

const Game& arena_game() noexcept {
  static const Arena kGame;
  return kGame;
}

std::unique_ptr<State> ArenaState::clone() const {
  return std::make_unique<ArenaState>(*this);
}

std::string ArenaState::encode() const {
  return encode_world(world);
}

void ArenaState::step(const Commands& commands) {
  shots = game::step(world, unpack(commands));
}

const PlayerView* find_player(const Snapshot& snapshot, int slot) noexcept {
  const auto it = std::ranges::lower_bound(snapshot.players, slot, {}, &PlayerView::slot);
  return it != snapshot.players.end() && it->slot == slot ? &*it : nullptr;
}

void ArenaPredictor::confirm(const View& view) {
  const auto* own = find_player(snapshot_of(view), slot_);
  if (own == nullptr) return;
  player_ = Player{.present = true,
                   .x = own->x,
                   .y = own->y,
                   .aim = own->aim,
                   .health = own->health,
                   .respawn = static_cast<std::uint8_t>(own->alive ? 0 : 1),
                   .score = own->score};
}

void ArenaPredictor::apply(const PackedCommand& command) {
  if (player_ && player_->respawn == 0) move(*player_, unpack_command(command));
}

std::optional<Place> ArenaPredictor::where() const {
  if (!player_ || player_->respawn != 0) return std::nullopt;
  return Place{player_->x, player_->y};
}

}  // namespace troupe::game

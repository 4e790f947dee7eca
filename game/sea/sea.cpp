#include "game/sea/sea.hpp"

#include <array>

#include <fmt/format.h>

#include "game/bytes.hpp"

namespace troupe::game::sea {
namespace {

const Table& table_of(const State& state) {
  return static_cast<const SeaState&>(state).table;
}

/// Of the seat; there is little to send.
class SeaLens final : public Lens {
 public:
  ViewPtr select(const State& state, const ViewPtr&, int slot, const ViewPtr&,
                 const ViewPtr&) override {
    return std::make_shared<const SeaView>(see(table_of(state), slot));
  }
};

std::string describe_board(const std::array<Cell, kCells>& board) {
  constexpr std::string_view kLetters = ".s-hx";  // as in Cell
  std::string out;
  for (const auto cell : board) out.push_back(kLetters[static_cast<std::size_t>(cell)]);
  return out;
}

class SeaGame final : public DeltaGame<Sight, SightModel> {
 public:
  std::string_view name() const override { return "sea"; }
  Limits limits() const override { return {.least_players = 2, .most_players = 2}; }

  std::unique_ptr<State> begin(const Setup& setup) const override {
    return std::make_unique<SeaState>(make_table(setup.tick_hz));
  }
  std::unique_ptr<State> decode_state(std::string_view bytes) const override {
    const auto table = decode_table(bytes);
    return table ? std::make_unique<SeaState>(*table) : nullptr;
  }
  std::string describe(const State& state) const override;

  std::optional<PackedCommand> verify(std::string_view bytes) const override {
    return sea::verify(bytes);
  }

  ViewPtr show_all(const State&) const override { return nullptr; }
  bool open_to_all(const View&, const LensOptions&) const override { return false; }
  std::unique_ptr<Lens> lens(const LensOptions&) const override {
    return std::make_unique<SeaLens>();
  }

  std::string spectator_frame(const State& state) const override {
    return encode_frame(see(table_of(state), kWatcher));
  }

  std::unique_ptr<Predictor> predictor(int) const override { return nullptr; }
  ViewPtr between(const ViewPtr&, const ViewPtr& to, double) const override { return to; }
};

std::string SeaGame::describe(const State& state) const {
  const auto& table = table_of(state);
  std::string players;
  for (int side = 0; side < 2; ++side) {
    if (!state.taken(side)) continue;
    players +=
        fmt::format(R"({}{{"slot":{},"score":{},"ticks_left":{},"board":"{}"}})",
                    players.empty() ? "" : ",", side, state.score(side), time_left(table, side),
                    describe_board(see(table, side).boards[static_cast<std::size_t>(side)]));
  }
  return fmt::format(R"({{"players":[{}],"phase":{},"turn":{},"winner":{},"end":{}}})", players,
                     static_cast<int>(table.phase), table.turn, static_cast<int>(table.winner),
                     static_cast<int>(table.end));
}

}  // namespace

const Game& sea_game() noexcept {
  static const SeaGame kGame;
  return kGame;
}

PackedCommand pack(const Order& order) {
  PackedCommand out;
  out.size = 3;
  out.bytes[0] = static_cast<std::uint8_t>(order.kind);
  out.bytes[1] = order.cell;
  out.bytes[2] = static_cast<std::uint8_t>(order.ship | (order.down ? 8 : 0));
  return out;
}

Order unpack(const PackedCommand& command) {
  return {.kind = static_cast<Order::Kind>(command.bytes[0]),
          .cell = command.bytes[1],
          .ship = static_cast<std::uint8_t>(command.bytes[2] & 7),
          .down = (command.bytes[2] & 8) != 0};
}

std::optional<PackedCommand> verify(std::string_view bytes) {
  if (bytes.size() != 3) return std::nullopt;
  const PackedCommand out(bytes);
  const bool is_order = out.bytes[0] <= static_cast<std::uint8_t>(Order::Kind::resign) &&
                        out.bytes[1] < kCells && out.bytes[2] < 16 &&
                        (out.bytes[2] & 7U) < kShips.size();
  return is_order ? std::optional(out) : std::nullopt;
}

std::uint64_t SeaState::hash() const {
  Fnv hash;
  hash.mix(encode_table(table));
  return hash.value();
}

bool SeaState::taken(int slot) const {
  return slot < 2 && table.fleets[static_cast<std::size_t>(slot)].taken;
}

bool SeaState::keeps(int slot) const {
  return taken(slot) && table.phase != Phase::gathering;
}

void SeaState::step(const Commands& commands) {
  Orders orders{};
  for (std::size_t side = 0; side < 2; ++side) {
    if (commands[side]) orders[side] = unpack(*commands[side]);
  }
  sea::step(table, orders);
}

int SeaState::score(int slot) const {
  return over() && static_cast<int>(table.winner) == slot ? 1 : 0;
}

}  // namespace troupe::game::sea

#include "game/sea/rules.hpp"

#include <algorithm>

namespace troupe::game::sea {
namespace {

constexpr std::uint32_t kMostClock = 65'535;

std::uint16_t ticks(const Table& table, int seconds) {
  return static_cast<std::uint16_t>(
      std::min<std::uint32_t>(kMostClock, static_cast<std::uint32_t>(seconds) * table.tick_hz));
}

void finish(Table& table, Winner winner, End end) {
  table.phase = Phase::over;
  table.winner = winner;
  table.end = end;
}

Winner other_than(int side) {
  return side == 0 ? Winner::second : Winner::first;
}

bool fits(std::uint8_t cell, std::uint8_t length, bool down) {
  const int row = cell / kSide, column = cell % kSide;
  return (down ? row : column) + length <= kSide;
}

Refusal place(Table& table, int side, const Order& order) {
  auto& fleet = table.fleets[static_cast<std::size_t>(side)];
  if (table.phase != Phase::placing || is_ready(fleet)) return Refusal::not_now;
  const auto length = kShips[order.ship];
  if (!fits(order.cell, length, order.down)) return Refusal::off_the_board;
  auto& ship = fleet.ships[order.ship];
  const auto before = ship;
  ship.placed = false;
  const Ship wanted{true, order.cell, order.down};
  if ((cells_of(fleet) & cells_of(wanted, length)).any()) {
    ship = before;
    return Refusal::overlaps;
  }
  ship = wanted;
  return Refusal::none;
}

Refusal shoot(Table& table, int side, const Order& order) {
  if (table.phase != Phase::shooting) return Refusal::not_now;
  if (table.turn != side) return Refusal::not_your_turn;
  auto& own = table.fleets[static_cast<std::size_t>(side)];
  auto& enemy = table.fleets[static_cast<std::size_t>(1 - side)];
  if (enemy.shots[order.cell]) return Refusal::shot_before;
  enemy.shots.set(order.cell);
  if ((cells_of(enemy) & ~enemy.shots).none()) {
    finish(table, side == 0 ? Winner::first : Winner::second, End::sunk);
    return Refusal::none;
  }
  own.clock = static_cast<std::uint16_t>(
      std::min(kMostClock, time_left(table, side) + ticks(table, kIncrementSeconds)));
  table.turn = static_cast<std::uint8_t>(1 - side);
  table.since = table.tick;
  return Refusal::none;
}

void obey(Table& table, int side, const Order& order) {
  auto& fleet = table.fleets[static_cast<std::size_t>(side)];
  auto refusal = Refusal::none;
  switch (order.kind) {
    case Order::Kind::none:
      return;
    case Order::Kind::place:
      refusal = place(table, side, order);
      break;
    case Order::Kind::shoot:
      refusal = shoot(table, side, order);
      break;
    case Order::Kind::resign:
      if (table.phase == Phase::placing || table.phase == Phase::shooting) {
        finish(table, other_than(side), End::resigned);
      } else {
        refusal = Refusal::not_now;
      }
      break;
  }
  if (refusal == Refusal::none) return;
  ++fleet.refusals;
  fleet.last_refusal = refusal;
}

void start_clocks(Table& table, Phase phase, int seconds) {
  table.phase = phase;
  table.since = table.tick;
  for (auto& fleet : table.fleets) fleet.clock = ticks(table, seconds);
}

void look_at_clocks(Table& table) {
  const auto out_of_time = [&table](int side) {
    return clock_runs(table, side) && time_left(table, side) == 0;
  };
  const bool first = out_of_time(0), second = out_of_time(1);
  if (!first && !second) return;
  finish(table, first && second ? Winner::nobody : other_than(first ? 0 : 1), End::time);
}

}  // namespace

std::bitset<kCells> cells_of(const Ship& ship, std::uint8_t length) noexcept {
  std::bitset<kCells> out;
  if (!ship.placed) return out;
  for (int i = 0; i < length; ++i)
    out.set(static_cast<std::size_t>(ship.cell + i * (ship.down ? kSide : 1)));
  return out;
}

std::bitset<kCells> cells_of(const Fleet& fleet) noexcept {
  std::bitset<kCells> out;
  for (std::size_t i = 0; i < kShips.size(); ++i) out |= cells_of(fleet.ships[i], kShips[i]);
  return out;
}

bool is_sunk(const Fleet& fleet, std::size_t ship) noexcept {
  const auto cells = cells_of(fleet.ships[ship], kShips[ship]);
  return cells.any() && (cells & ~fleet.shots).none();
}

bool is_ready(const Fleet& fleet) noexcept {
  return std::ranges::all_of(fleet.ships, &Ship::placed);
}

bool clock_runs(const Table& table, int side) noexcept {
  if (table.phase == Phase::placing) return !is_ready(table.fleets[static_cast<std::size_t>(side)]);
  return table.phase == Phase::shooting && table.turn == side;
}

std::uint32_t time_left(const Table& table, int side) noexcept {
  const std::uint32_t clock = table.fleets[static_cast<std::size_t>(side)].clock;
  if (!clock_runs(table, side)) return clock;
  const auto passed = table.tick - table.since;
  return passed < clock ? clock - passed : 0;
}

Table make_table(int tick_hz) {
  Table out;
  out.tick_hz = static_cast<std::uint16_t>(std::clamp(tick_hz, 1, 10'000));
  return out;
}

void take_seat(Table& table, int side) {
  table.fleets[static_cast<std::size_t>(side)].taken = true;
  const bool both = table.fleets[0].taken && table.fleets[1].taken;
  if (table.phase == Phase::gathering && both) start_clocks(table, Phase::placing, kPlacingSeconds);
}

void leave_seat(Table& table, int side) {
  table.fleets[static_cast<std::size_t>(side)].taken = false;
  if (table.phase == Phase::placing || table.phase == Phase::shooting)
    finish(table, other_than(side), End::resigned);
}

void step(Table& table, const Orders& orders) {
  ++table.tick;
  for (int side = 0; side < 2; ++side) {
    const auto& order = orders[static_cast<std::size_t>(side)];
    if (order && table.fleets[static_cast<std::size_t>(side)].taken) obey(table, side, *order);
  }
  const bool both = is_ready(table.fleets[0]) && is_ready(table.fleets[1]);
  if (table.phase == Phase::placing && both) {
    start_clocks(table, Phase::shooting, kClockSeconds);
    table.turn = 0;
  }
  look_at_clocks(table);
}

}  // namespace troupe::game::sea

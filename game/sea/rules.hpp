// Sea battle: two hide five ships each and shoot at squares in turns, against a chess clock. The
// deterministic rules; what a player may know of a state is in sight.hpp.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "game/game.hpp"

namespace troupe::game::sea {

inline constexpr int kSide = 10;
inline constexpr std::size_t kCells = kSide * kSide;
inline constexpr std::array<std::uint8_t, 5> kShips{5, 4, 3, 3, 2};  ///< their lengths

inline constexpr int kPlacingSeconds = 60;
inline constexpr int kClockSeconds = 180;
inline constexpr int kIncrementSeconds = 3;  ///< for each shot

enum class Phase : std::uint8_t { gathering = 0, placing = 1, shooting = 2, over = 3 };
enum class Winner : std::uint8_t { first = 0, second = 1, nobody = 2 };
/// Why it was over.
enum class End : std::uint8_t { none = 0, sunk = 1, time = 2, resigned = 3 };
/// Why a command changed nothing.
enum class Refusal : std::uint8_t {
  none = 0,
  not_now = 1,  ///< of another phase
  not_your_turn = 2,
  off_the_board = 3,
  overlaps = 4,
  shot_before = 5,
};

struct Order {
  enum class Kind : std::uint8_t { none = 0, place = 1, shoot = 2, resign = 3 };
  Kind kind = Kind::none;
  std::uint8_t cell = 0;  ///< kSide · row + column; of a ship, its first one
  std::uint8_t ship = 0;  ///< of kShips
  bool down = false;      ///< a ship that lies along a column
  friend bool operator==(const Order&, const Order&) = default;
};

struct Ship {
  bool placed = false;
  std::uint8_t cell = 0;
  bool down = false;
  friend bool operator==(const Ship&, const Ship&) = default;
};

struct Fleet {
  bool taken = false;  ///< somebody plays it
  std::array<Ship, kShips.size()> ships{};
  std::bitset<kCells> shots;  ///< of the enemy, at it
  std::uint16_t clock = 0;    ///< ticks that its player had left when the clock began to run
  std::uint8_t refusals = 0;  ///< of its player's commands, modulo 256
  Refusal last_refusal = Refusal::none;
  friend bool operator==(const Fleet&, const Fleet&) = default;
};

struct Table {
  std::uint32_t tick = 0;
  std::uint16_t tick_hz = 30;
  Phase phase = Phase::gathering;
  std::uint8_t turn = 0;    ///< while shooting
  std::uint32_t since = 0;  ///< the tick at which clocks began to run
  Winner winner = Winner::nobody;
  End end = End::none;
  std::array<Fleet, 2> fleets{};
  friend bool operator==(const Table&, const Table&) = default;
};

[[nodiscard]] std::bitset<kCells> cells_of(const Ship& ship, std::uint8_t length) noexcept;
/// All ships' together.
[[nodiscard]] std::bitset<kCells> cells_of(const Fleet& fleet) noexcept;
[[nodiscard]] bool is_sunk(const Fleet& fleet, std::size_t ship) noexcept;
[[nodiscard]] bool is_ready(const Fleet& fleet) noexcept;  ///< all ships are placed
/// Whether time passes for a player now, and how much is left, in ticks.
[[nodiscard]] bool clock_runs(const Table& table, int side) noexcept;
[[nodiscard]] std::uint32_t time_left(const Table& table, int side) noexcept;

[[nodiscard]] Table make_table(int tick_hz);
void take_seat(Table& table, int side);
/// Before it begins the seat is free again; later it is a resignation.
void leave_seat(Table& table, int side);

using Orders = std::array<std::optional<Order>, 2>;
/// One tick: orders in the order of the sides, then the clocks.
void step(Table& table, const Orders& orders);

[[nodiscard]] std::string encode_table(const Table& table);
/// Nothing when the bytes are not of encode_table, or say what the rules do not have.
[[nodiscard]] std::optional<Table> decode_table(std::string_view bytes);

}  // namespace troupe::game::sea

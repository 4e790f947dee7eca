// What of a sea battle somebody may know: a player the own ships, everybody the shots and what they
// met. Nothing else of a state gets into a Sight, and clients are sent only Sights.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "game/row_set.hpp"
#include "game/sea/rules.hpp"

namespace troupe::game::sea {

enum class Cell : std::uint8_t {
  unknown = 0,  ///< or water, of an own board
  ship = 1,
  miss = 2,
  hit = 3,
  sunk = 4,  ///< a hit ship of which nothing is left
};

inline constexpr int kWatcher = 2;  ///< instead of a side

struct Sight {
  std::uint32_t tick = 0;
  std::uint8_t of = kWatcher;  ///< the side that sees it
  Phase phase = Phase::gathering;
  std::uint8_t turn = 0;
  std::uint32_t since = 0;
  Winner winner = Winner::nobody;
  End end = End::none;
  std::array<bool, 2> ready{};
  std::array<std::uint16_t, 2> clocks{};
  std::uint8_t refusals = 0;  ///< of the one who sees it
  Refusal last_refusal = Refusal::none;
  std::array<std::array<Cell, kCells>, 2> boards{};
  friend bool operator==(const Sight&, const Sight&) = default;
};

/// Once it is over, everybody sees everything.
[[nodiscard]] Sight see(const Table& table, int side);
[[nodiscard]] std::uint64_t hash_of(const Sight& sight) noexcept;

/// What was learned of deltas.
struct SightModel {
  SightModel();
  RowSetModel cells, table;

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    cells.each(visit);
    table.each(visit);
  }
};
/// The difference of `now` to `baseline`; `model` learns from it.
[[nodiscard]] std::string encode_delta(SightModel& model, const Sight& baseline, const Sight& now);
/// Nothing when the bytes are not such a delta; `model` is of no use then.
[[nodiscard]] std::optional<Sight> decode_delta(SightModel& model, const Sight& baseline,
                                                std::uint32_t tick, std::string_view bytes);

/// Little-endian: u8 version (1), u8 side that sees it (2: a watcher), u8 phase, u8 turn, u8
/// winner, u8 end, u8 ready (a bit a side), u8 0, u32 tick, u32 tick at which clocks began to run,
/// u16 and u16 ticks that were left then; the cells of both boards, a byte each. 220 bytes.
[[nodiscard]] std::string encode_frame(const Sight& sight);

}  // namespace troupe::game::sea

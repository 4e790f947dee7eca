// The table as bytes.
#include "game/bytes.hpp"
#include "game/sea/rules.hpp"

namespace troupe::game::sea {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr int kShotBytes = 13;

void put_fleet(std::string& out, const Fleet& fleet) {
  put_bytes(out, fleet.taken ? 1 : 0, 1);
  for (const auto& ship : fleet.ships) {
    put_bytes(out, (ship.placed ? 1U : 0U) | (ship.down ? 2U : 0U), 1);
    put_bytes(out, ship.cell, 1);
  }
  for (std::size_t byte = 0; byte < kShotBytes; ++byte) {
    std::uint8_t bits = 0;
    for (std::size_t i = 0; i < 8 && byte * 8 + i < kCells; ++i)
      bits = static_cast<std::uint8_t>(bits | fleet.shots[byte * 8 + i] << i);
    put_bytes(out, bits, 1);
  }
  put_bytes(out, fleet.clock, 2);
  put_bytes(out, fleet.refusals, 1);
  put_bytes(out, static_cast<std::uint8_t>(fleet.last_refusal), 1);
}

bool get_ships(ByteReader& in, Fleet& fleet) {
  for (std::size_t i = 0; i < fleet.ships.size(); ++i) {
    auto& ship = fleet.ships[i];
    const auto flags = in.get(1);
    const auto cell = in.get<std::uint8_t>();
    const int along = (flags & 2) != 0 ? cell / kSide : cell % kSide;
    if (flags > 3 || cell >= kCells || along + kShips[i] > kSide) return false;
    ship = {false, cell, (flags & 2) != 0};
    const Ship placed{(flags & 1) != 0, cell, ship.down};
    if ((cells_of(fleet) & cells_of(placed, kShips[i])).any()) return false;
    ship = placed;
    if (!ship.placed && (ship.cell != 0 || ship.down)) return false;
  }
  return true;
}

bool get_fleet(ByteReader& in, Fleet& fleet) {
  const auto taken = in.get(1);
  fleet.taken = taken == 1;
  if (taken > 1 || !get_ships(in, fleet)) return false;
  for (std::size_t byte = 0; byte < kShotBytes; ++byte) {
    const auto bits = in.get(1);
    for (std::size_t i = 0; i < 8; ++i) {
      const bool bit = (bits >> i & 1) != 0;
      if (byte * 8 + i < kCells) {
        fleet.shots[byte * 8 + i] = bit;
      } else if (bit) {
        return false;
      }
    }
  }
  fleet.clock = in.get<std::uint16_t>();
  fleet.refusals = in.get<std::uint8_t>();
  const auto refusal = in.get<std::uint8_t>();
  fleet.last_refusal = static_cast<Refusal>(refusal);
  return refusal <= static_cast<std::uint8_t>(Refusal::shot_before);
}

}  // namespace

std::string encode_table(const Table& table) {
  std::string out;
  put_bytes(out, kVersion, 1);
  put_bytes(out, table.tick, 4);
  put_bytes(out, table.tick_hz, 2);
  put_bytes(out, static_cast<std::uint8_t>(table.phase), 1);
  put_bytes(out, table.turn, 1);
  put_bytes(out, table.since, 4);
  put_bytes(out, static_cast<std::uint8_t>(table.winner), 1);
  put_bytes(out, static_cast<std::uint8_t>(table.end), 1);
  for (const auto& fleet : table.fleets) put_fleet(out, fleet);
  return out;
}

std::optional<Table> decode_table(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get(1) != kVersion) return std::nullopt;
  Table out;
  out.tick = in.get();
  out.tick_hz = in.get<std::uint16_t>();
  const auto phase = in.get<std::uint8_t>();
  out.turn = in.get<std::uint8_t>();
  out.since = in.get();
  const auto winner = in.get<std::uint8_t>(), end = in.get<std::uint8_t>();
  if (phase > static_cast<std::uint8_t>(Phase::over) || out.turn > 1 || out.since > out.tick ||
      out.tick > kMostTicks || winner > static_cast<std::uint8_t>(Winner::nobody) ||
      end > static_cast<std::uint8_t>(End::resigned) || out.tick_hz == 0)
    return std::nullopt;
  out.phase = static_cast<Phase>(phase);
  out.winner = static_cast<Winner>(winner);
  out.end = static_cast<End>(end);
  for (auto& fleet : out.fleets) {
    if (!get_fleet(in, fleet)) return std::nullopt;
  }
  const bool shooting = out.phase == Phase::shooting;
  if (!in.complete() || (shooting && !(is_ready(out.fleets[0]) && is_ready(out.fleets[1]))))
    return std::nullopt;
  return out;
}

}  // namespace troupe::game::sea

#include "game/sea/sight.hpp"

#include "game/bytes.hpp"

namespace troupe::game::sea {
namespace {

constexpr std::uint8_t kVersion = 1;

/// Of cells that are not unknown, by board · kCells + cell.
constexpr std::array<Field, 1> kCellFields{{{.name = "cell", .bits = 3}}};
constexpr std::array<Field, 12> kTableFields{{{.name = "of", .bits = 2},
                                              {.name = "phase", .bits = 2},
                                              {.name = "turn", .bits = 1},
                                              {.name = "since, low"},
                                              {.name = "since, high"},
                                              {.name = "winner", .bits = 2},
                                              {.name = "end", .bits = 2},
                                              {.name = "ready", .bits = 2},
                                              {.name = "clock of the first"},
                                              {.name = "clock of the second"},
                                              {.name = "refusals", .bits = 8},
                                              {.name = "last refusal", .bits = 3}}};

RowSet cell_rows(const Sight& sight) {
  RowSet out{.tick = sight.tick, .ids = {}, .rows = {}};
  for (std::size_t board = 0; board < 2; ++board) {
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const auto what = sight.boards[board][cell];
      if (what == Cell::unknown) continue;
      out.ids.push_back(static_cast<std::uint16_t>(board * kCells + cell));
      out.rows.push_back({static_cast<std::int32_t>(what)});
    }
  }
  return out;
}

RowSet table_row(const Sight& s) {
  const auto ready = (s.ready[0] ? 1 : 0) | (s.ready[1] ? 2 : 0);
  return {.tick = s.tick,
          .ids = {0},
          .rows = {{s.of, static_cast<std::int32_t>(s.phase), s.turn,
                    static_cast<std::int32_t>(s.since & 0xffff),
                    static_cast<std::int32_t>(s.since >> 16), static_cast<std::int32_t>(s.winner),
                    static_cast<std::int32_t>(s.end), ready, s.clocks[0], s.clocks[1], s.refusals,
                    static_cast<std::int32_t>(s.last_refusal)}}};
}

bool read_table(const Row& row, Sight& out) {
  if (row[0] > kWatcher || row[5] > static_cast<std::int32_t>(Winner::nobody) ||
      row[11] > static_cast<std::int32_t>(Refusal::shot_before))
    return false;
  out.of = static_cast<std::uint8_t>(row[0]);
  out.phase = static_cast<Phase>(row[1]);
  out.turn = static_cast<std::uint8_t>(row[2]);
  out.since = static_cast<std::uint32_t>(row[3]) | static_cast<std::uint32_t>(row[4]) << 16;
  out.winner = static_cast<Winner>(row[5]);
  out.end = static_cast<End>(row[6]);
  out.ready = {(row[7] & 1) != 0, (row[7] & 2) != 0};
  out.clocks = {static_cast<std::uint16_t>(row[8]), static_cast<std::uint16_t>(row[9])};
  out.refusals = static_cast<std::uint8_t>(row[10]);
  out.last_refusal = static_cast<Refusal>(row[11]);
  return true;
}

/// `whole`: also what was not shot at.
std::array<Cell, kCells> board_of(const Fleet& fleet, bool whole) {
  std::array<Cell, kCells> out{};
  const auto ships = cells_of(fleet);
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    if (fleet.shots[cell]) {
      out[cell] = ships[cell] ? Cell::hit : Cell::miss;
    } else if (whole && ships[cell]) {
      out[cell] = Cell::ship;
    }
  }
  for (std::size_t ship = 0; ship < kShips.size(); ++ship) {
    if (!is_sunk(fleet, ship)) continue;
    const auto cells = cells_of(fleet.ships[ship], kShips[ship]);
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      if (cells[cell]) out[cell] = Cell::sunk;
    }
  }
  return out;
}

}  // namespace

Sight see(const Table& table, int side) {
  Sight out{.tick = table.tick,
            .of = static_cast<std::uint8_t>(side),
            .phase = table.phase,
            .turn = table.turn,
            .since = table.since,
            .winner = table.winner,
            .end = table.end};
  for (int i = 0; i < 2; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto& fleet = table.fleets[at];
    out.ready[at] = is_ready(fleet);
    out.clocks[at] = fleet.clock;
    out.boards[at] = board_of(fleet, i == side || table.phase == Phase::over);
    if (i != side) continue;
    out.refusals = fleet.refusals;
    out.last_refusal = fleet.last_refusal;
  }
  return out;
}

std::uint64_t hash_of(const Sight& sight) noexcept {
  Fnv hash;
  hash.mix(sight.tick, 4);
  const auto row = table_row(sight).rows[0];
  for (const auto value : row) hash.mix(static_cast<std::uint32_t>(value), 4);
  for (const auto& board : sight.boards) {
    for (const auto cell : board) hash.mix(static_cast<std::uint8_t>(cell), 1);
  }
  return hash.value();
}

SightModel::SightModel() : cells(kCellFields), table(kTableFields) {}

std::string encode_delta(SightModel& model, const Sight& baseline, const Sight& now) {
  EntropyEncoder out;
  encode_rows(out, model.table, kTableFields, table_row(baseline), table_row(now));
  encode_rows(out, model.cells, kCellFields, cell_rows(baseline), cell_rows(now));
  return out.take();
}

std::optional<Sight> decode_delta(SightModel& model, const Sight& baseline, std::uint32_t tick,
                                  std::string_view bytes) {
  EntropyDecoder in(bytes);
  RowSet table{.tick = tick, .ids = {}, .rows = {}}, cells = table;
  if (!decode_rows(in, model.table, kTableFields, table_row(baseline), 1, table) ||
      !decode_rows(in, model.cells, kCellFields, cell_rows(baseline), 2 * kCells, cells) ||
      !in.complete())
    return std::nullopt;
  Sight out;
  out.tick = tick;
  if (table.ids != std::vector<std::uint16_t>{0} || !read_table(table.rows[0], out))
    return std::nullopt;
  for (std::size_t i = 0; i < cells.ids.size(); ++i) {
    const auto id = cells.ids[i];
    const auto what = cells.rows[i][0];
    if (id >= 2 * kCells || what < 1 || what > static_cast<std::int32_t>(Cell::sunk))
      return std::nullopt;
    out.boards[id / kCells][id % kCells] = static_cast<Cell>(what);
  }
  return out;
}

std::string encode_frame(const Sight& s) {
  std::string out;
  for (const auto value :
       {static_cast<int>(kVersion), static_cast<int>(s.of), static_cast<int>(s.phase),
        static_cast<int>(s.turn), static_cast<int>(s.winner), static_cast<int>(s.end),
        (s.ready[0] ? 1 : 0) | (s.ready[1] ? 2 : 0), 0})
    put_bytes(out, static_cast<std::uint64_t>(value), 1);
  put_bytes(out, s.tick, 4);
  put_bytes(out, s.since, 4);
  for (const auto clock : s.clocks) put_bytes(out, clock, 2);
  for (const auto& board : s.boards) {
    for (const auto cell : board) put_bytes(out, static_cast<std::uint8_t>(cell), 1);
  }
  return out;
}

}  // namespace troupe::game::sea

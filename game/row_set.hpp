// A set of entities of one kind, as rows of a field table: how it differs from an older one. A game
// that has its state in such rows needs no codec of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "game/fields.hpp"

namespace troupe::game {

struct RowSet {
  std::uint32_t tick = 0;
  std::vector<std::uint16_t> ids;  ///< ascending
  std::vector<Row> rows;           ///< as many
  friend bool operator==(const RowSet&, const RowSet&) = default;
};

/// What was learned of the sets of one table.
struct RowSetModel {
  explicit RowSetModel(FieldTable table) : row(table) {}

  Bit same, stays;
  NumberModel fresh, gap;
  RowModel row;

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    visit(same);
    visit(stays);
    fresh.each(visit);
    gap.each(visit);
    row.each(visit);
  }
};

/// Part of a delta: `now` against `baseline`, which is older. Ticks of `now` count from
/// those of `baseline`.
void encode_rows(EntropyEncoder& out, RowSetModel& model, FieldTable table, const RowSet& baseline,
                 const RowSet& now);
/// Into `now`, whose tick is set. False when that is no such part, or of more than `most` rows.
[[nodiscard]] bool decode_rows(EntropyDecoder& in, RowSetModel& model, FieldTable table,
                               const RowSet& baseline, std::size_t most, RowSet& now);

}  // namespace troupe::game

// Field tables: what of an entity is replicated and how it is guessed, so that only the surprise
// travels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "game/entropy.hpp"

namespace troupe::game {

/// What a field is expected to be.
enum class Guess : std::uint8_t {
  zero,      ///< nothing is known of it beforehand
  same,      ///< what the baseline has
  moved_by,  ///< what the baseline has, plus another field for each tick between: by which it moved
             ///< in its last tick, and which went evenly from the baseline's value to now's
};

struct Field {
  const char* name = "";
  int bits = 16;  ///< 1 to 16; values are kept modulo 2^bits
  bool is_signed = false;
  Guess guess = Guess::same;
  std::size_t by = 0;     ///< of moved_by: the index of a field before this one
  std::int32_t step = 1;  ///< most changes are multiples of it
  /// Rows are learned apart by what the baseline has here: 0, 1 and 2, and all beyond. At most one
  /// of a table.
  bool selects = false;
};
/// Of one kind of entity. A constant that outlives all models of it.
using FieldTable = std::span<const Field>;

inline constexpr std::size_t kMaxFields = 16;
/// The values of one entity, in the order of its table. Beyond the table: zero.
using Row = std::array<std::int32_t, kMaxFields>;

/// What was learned of the rows of one table.
class RowModel {
 public:
  explicit RowModel(FieldTable table);

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    for (auto& bit : changed_) visit(bit);
    for (auto& field : fields_) {
      visit(field.in_steps);
      field.number.each(visit);
    }
  }

 private:
  friend class RowCoder;
  struct FieldModel {
    Bit in_steps;
    NumberModel number;
  };
  std::vector<Bit> changed_;  ///< by what selects, and by whether the row before changed
  std::vector<FieldModel> fields_;
};

/// Codes rows one after the other, each against one of `ticks` before or, where there was none,
/// against zeros. The model learns.
class RowCoder {
 public:
  RowCoder(FieldTable table, RowModel& model, std::uint32_t ticks)
      : table_(table), model_(model), ticks_(ticks) {}
  /// Values must be within their bits.
  void encode(EntropyEncoder& out, const Row* from, const Row& to);
  /// Whatever the bytes are, the values are within their bits.
  [[nodiscard]] Row decode(EntropyDecoder& in, const Row* from);

 private:
  [[nodiscard]] std::size_t selected(const Row& from) const noexcept;
  [[nodiscard]] std::int64_t guess(std::size_t index, const Row* from, const Row& to) const;

  FieldTable table_;
  RowModel& model_;
  std::uint32_t ticks_;
  bool last_changed_ = false;
};

}  // namespace troupe::game

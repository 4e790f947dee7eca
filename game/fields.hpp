// Field tables: what of an entity is replicated and how it is guessed, so that only the surprise
// travels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "game/entropy.hpp"

namespace troupe::game {

/// What a field is expected to be.
enum class Guess : std::uint8_t {
  zero,      ///< nothing is known of it beforehand
  same,      ///< what the baseline has
  moved_by,  ///< what the baseline has, plus another field of now for each tick between
};

struct Field {
  const char* name = "";
  int bits = 16;  ///< 1 to 16; values are kept modulo 2^bits
  bool is_signed = false;
  Guess guess = Guess::same;
  std::size_t by = 0;     ///< of moved_by: the index of a field before this one
  std::int32_t step = 1;  ///< most changes are multiples of it
};

inline constexpr std::size_t kMaxFields = 8;
/// The values of one entity, in the order of its table. Beyond the table: zero.
using Row = std::array<std::int32_t, kMaxFields>;

/// What was learned of the rows of one table.
class RowModel {
 public:
  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    visit(changed_);
    for (auto& field : fields_) {
      visit(field.in_steps);
      field.number.each(visit);
    }
  }

 private:
  friend void encode_row(EntropyEncoder&, RowModel&, std::span<const Field>, const Row&, const Row&,
                         std::uint32_t);
  friend Row decode_row(EntropyDecoder&, RowModel&, std::span<const Field>, const Row&,
                        std::uint32_t);
  struct FieldModel {
    Bit in_steps;
    NumberModel number;
  };
  Bit changed_;
  std::array<FieldModel, kMaxFields> fields_;
};

/// `to` against `from`, of `ticks` before. Values must be within their bits.
void encode_row(EntropyEncoder& out, RowModel& model, std::span<const Field> table, const Row& from,
                const Row& to, std::uint32_t ticks);
/// Whatever the bytes are, the values are within their bits.
[[nodiscard]] Row decode_row(EntropyDecoder& in, RowModel& model, std::span<const Field> table,
                             const Row& from, std::uint32_t ticks);

}  // namespace troupe::game

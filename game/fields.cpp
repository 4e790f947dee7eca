#include "game/fields.hpp"

#include <cassert>

namespace troupe::game {
namespace {

/// The value that the field can hold which is `value` modulo 2^bits.
std::int32_t wrap(const Field& field, std::int64_t value) {
  const auto size = std::int64_t{1} << field.bits;
  auto low = value & (size - 1);
  if (field.is_signed && low >= size / 2) low -= size;
  return static_cast<std::int32_t>(low);
}

/// The shortest way round from `from` to `to`.
std::int32_t difference(const Field& field, std::int64_t from, std::int64_t to) {
  auto signed_field = field;
  signed_field.is_signed = true;
  return wrap(signed_field, to - from);
}

std::int64_t guess(std::span<const Field> table, std::size_t index, const Row& from, const Row& to,
                   std::uint32_t ticks) {
  const auto& field = table[index];
  switch (field.guess) {
    case Guess::zero:
      return 0;
    case Guess::same:
      return from[index];
    case Guess::moved_by:
      return from[index] + std::int64_t{to[field.by]} * ticks;
  }
  return 0;
}

}  // namespace

void encode_row(EntropyEncoder& out, RowModel& model, std::span<const Field> table, const Row& from,
                const Row& to, std::uint32_t ticks) {
  const bool changed = from != to;
  out.bit(model.changed_, changed);
  if (!changed) return;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& field = table[i];
    assert(wrap(field, to[i]) == to[i]);
    auto& fitted = model.fields_[i];
    const auto surprise = difference(field, guess(table, i, from, to, ticks), to[i]);
    const bool in_steps = surprise % field.step == 0;
    if (field.step > 1) out.bit(fitted.in_steps, in_steps);
    if (in_steps) {
      fitted.number.encode(out, surprise / field.step);
    } else {
      out.raw(static_cast<std::uint32_t>(to[i]), field.bits);
    }
  }
}

Row decode_row(EntropyDecoder& in, RowModel& model, std::span<const Field> table, const Row& from,
               std::uint32_t ticks) {
  auto to = from;
  if (!in.bit(model.changed_)) return to;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& field = table[i];
    auto& fitted = model.fields_[i];
    const bool in_steps = field.step == 1 || in.bit(fitted.in_steps);
    to[i] = in_steps ? wrap(field, guess(table, i, from, to, ticks) +
                                       std::int64_t{fitted.number.decode(in)} * field.step)
                     : wrap(field, in.raw(field.bits));
  }
  return to;
}

}  // namespace troupe::game

#include "game/fields.hpp"

#include <algorithm>
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

constexpr std::size_t kSelections = 4;

bool selects(FieldTable table) {
  return std::ranges::any_of(table, [](const Field& field) { return field.selects; });
}

}  // namespace

RowModel::RowModel(FieldTable table) {
  const auto apart = selects(table) ? kSelections : 1;
  changed_.resize(apart * 2);
  fields_.resize(apart * table.size());
}

std::size_t RowCoder::selected(const Row& from) const noexcept {
  for (std::size_t i = 0; i < table_.size(); ++i) {
    if (!table_[i].selects) continue;
    return from[i] < 0 ? kSelections - 1
                       : std::min(static_cast<std::size_t>(from[i]), kSelections - 1);
  }
  return 0;
}

std::int64_t RowCoder::guess(std::size_t index, const Row* from, const Row& to) const {
  const auto& field = table_[index];
  if (from == nullptr || field.guess == Guess::zero) return 0;
  if (field.guess == Guess::same) return (*from)[index];
  // The sum of what goes evenly from one to the other, its first left out.
  const auto moved =
      (std::int64_t{ticks_} - 1) * (*from)[field.by] + (std::int64_t{ticks_} + 1) * to[field.by];
  return (*from)[index] + (moved >> 1);
}

void RowCoder::encode(EntropyEncoder& out, const Row* from, const Row& to) {
  static const Row kNone{};
  const auto& old = from != nullptr ? *from : kNone;
  const auto apart = selected(old);
  const bool changed = old != to;
  out.bit(model_.changed_[apart * 2 + (last_changed_ ? 1 : 0)], changed);
  last_changed_ = changed;
  if (!changed) return;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const auto& field = table_[i];
    assert(wrap(field, to[i]) == to[i]);
    auto& learned = model_.fields_[apart * table_.size() + i];
    const auto surprise = difference(field, guess(i, from, to), to[i]);
    const bool in_steps = surprise % field.step == 0;
    if (field.step > 1) out.bit(learned.in_steps, in_steps);
    if (in_steps) {
      learned.number.encode(out, surprise / field.step);
    } else {
      out.raw(static_cast<std::uint32_t>(to[i]), field.bits);
    }
  }
}

Row RowCoder::decode(EntropyDecoder& in, const Row* from) {
  auto to = from != nullptr ? *from : Row{};
  const auto apart = selected(to);
  last_changed_ = in.bit(model_.changed_[apart * 2 + (last_changed_ ? 1 : 0)]);
  if (!last_changed_) return to;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    const auto& field = table_[i];
    auto& learned = model_.fields_[apart * table_.size() + i];
    const bool in_steps = field.step == 1 || in.bit(learned.in_steps);
    to[i] =
        in_steps
            ? wrap(field, guess(i, from, to) + std::int64_t{learned.number.decode(in)} * field.step)
            : wrap(field, in.raw(field.bits));
  }
  return to;
}

}  // namespace troupe::game

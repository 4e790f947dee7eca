#include "game/arena/rewind.hpp"

namespace troupe::game::arena {
namespace {

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint32_t take(std::string_view& in, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(in[i])) << (8 * i);
  in.remove_prefix(bytes);
  return value;
}

constexpr std::size_t kStandBytes = 5, kRowHeadBytes = 5;

}  // namespace

void History::record(std::uint32_t tick, const Stands& stands) {
  auto& row = rows_[tick % kHistoryTicks];
  row.tick = tick;
  row.stands = stands;
}

void History::forget(int slot) {
  for (auto& row : rows_) row.stands[static_cast<std::size_t>(slot)] = {};
}

const Stand* History::find(int slot, std::int64_t tick) const {
  if (tick <= 0) return nullptr;
  const auto& row = rows_[static_cast<std::size_t>(tick) % kHistoryTicks];
  const auto& stand = row.stands[static_cast<std::size_t>(slot)];
  return row.tick == tick && stand.alive ? &stand : nullptr;
}

std::optional<Stand> History::at(int slot, Moment when) const {
  const auto tick = when.value / kMomentsPerTick;
  const auto fraction = static_cast<std::uint8_t>(when.value % kMomentsPerTick);
  const auto* from = find(slot, tick);
  const auto* to = fraction == 0 ? from : find(slot, tick + 1);
  if (to == nullptr) return std::nullopt;
  if (from == nullptr) return *to;  // just came, or came back: drawn where it is
  Stand out = *to;
  out.x = static_cast<std::uint16_t>(between(from->x, to->x, fraction));
  out.y = static_cast<std::uint16_t>(between(from->y, to->y, fraction));
  return out;
}

void History::mix_into(std::uint64_t& fnv1a) const noexcept {
  const auto mix = [&fnv1a](std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
      fnv1a = (fnv1a ^ ((value >> (8 * i)) & 0xff)) * 1'099'511'628'211ULL;
  };
  for (const auto& row : rows_) {
    mix(row.tick);
    for (std::size_t slot = 0; slot < row.stands.size(); ++slot) {
      const auto& stand = row.stands[slot];
      if (stand.alive) mix(slot << 32 | std::uint64_t{stand.x} << 16 | stand.y);
    }
  }
}

std::string History::encode() const {
  std::string out;
  for (const auto& row : rows_) {
    if (row.tick == 0) continue;
    put(out, row.tick, 4);
    std::uint32_t count = 0;
    for (const auto& stand : row.stands) count += stand.alive ? 1U : 0U;
    put(out, count, 1);
    for (std::size_t slot = 0; slot < row.stands.size(); ++slot) {
      const auto& stand = row.stands[slot];
      if (!stand.alive) continue;
      put(out, static_cast<std::uint32_t>(slot), 1);
      put(out, stand.x, 2);
      put(out, stand.y, 2);
    }
  }
  return out;
}

bool History::decode(std::string_view bytes) {
  rows_ = {};
  while (bytes.size() >= kRowHeadBytes) {
    Row row;
    row.tick = take(bytes, 4);
    const auto count = take(bytes, 1);
    bool good = row.tick != 0 && count <= kMaxPlayers && bytes.size() >= count * kStandBytes;
    for (std::uint32_t i = 0; good && i < count; ++i) {
      const auto slot = take(bytes, 1);
      Stand stand{.alive = true};
      stand.x = static_cast<std::uint16_t>(take(bytes, 2));
      stand.y = static_cast<std::uint16_t>(take(bytes, 2));
      good = slot < kMaxPlayers && stand.x < kArena && stand.y < kArena;
      if (good) row.stands[slot] = stand;
    }
    if (!good) {
      rows_ = {};
      return false;
    }
    rows_[row.tick % kHistoryTicks] = row;
  }
  if (bytes.empty()) return true;
  rows_ = {};
  return false;
}

}  // namespace troupe::game::arena

#include "game/arena/rewind.hpp"

#include <algorithm>

namespace troupe::game::arena {
namespace {
constexpr std::size_t kStandBytes = 5;

std::uint8_t used(const Stands& stands) {
  std::uint8_t out = kMaxPlayers;
  while (out > 0 && !stands[out - 1U].alive) --out;
  return out;
}
}  // namespace

void History::record(std::uint32_t tick, const Stands& stands) {
  auto& row = rows_[tick % kHistoryTicks];
  row.tick = tick;
  row.stands = stands;
  row.slots = used(stands);
}

int History::slots() const noexcept {
  return std::ranges::max(rows_, {}, &Row::slots).slots;
}

void History::forget(int slot) {
  for (auto& row : rows_) {
    row.stands[static_cast<std::size_t>(slot)] = {};
    row.slots = used(row.stands);
  }
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

void History::mix_into(Fnv& hash) const noexcept {
  for (const auto& row : rows_) {
    hash.mix(row.tick, 4);
    for (std::size_t slot = 0; slot < row.slots; ++slot) {
      const auto& stand = row.stands[slot];
      if (stand.alive) hash.mix(slot << 32 | std::uint64_t{stand.x} << 16 | stand.y, 5);
    }
  }
}

void History::encode(std::string& out) const {
  put_bytes(out, std::ranges::count_if(rows_, [](const Row& r) { return r.tick != 0; }), 1);
  for (const auto& row : rows_) {
    if (row.tick == 0) continue;
    put_bytes(out, row.tick, 4);
    put_bytes(out, std::ranges::count_if(row.stands, &Stand::alive), 1);
    for (std::size_t slot = 0; slot < row.stands.size(); ++slot) {
      const auto& stand = row.stands[slot];
      if (!stand.alive) continue;
      put_bytes(out, slot, 1);
      put_bytes(out, stand.x, 2);
      put_bytes(out, stand.y, 2);
    }
  }
}

bool History::decode(ByteReader& in) {
  rows_ = {};
  const auto rows = in.get(1);
  if (rows > kHistoryTicks) return false;
  for (std::uint32_t i = 0; i < rows; ++i) {
    const auto tick = in.get();
    auto& row = rows_[tick % kHistoryTicks];
    if (row.tick != 0) return false;
    row.tick = tick;
    const auto stands = in.get(1);
    if (tick == 0 || stands > kMaxPlayers || in.left() < stands * kStandBytes) return false;
    for (std::uint32_t k = 0; k < stands; ++k) {
      const auto slot = in.get(1);
      const Stand stand{in.get<std::uint16_t>(), in.get<std::uint16_t>(), true};
      if (slot >= kMaxPlayers || stand.x >= kArena || stand.y >= kArena) return false;
      row.stands[slot] = stand;
    }
    row.slots = used(row.stands);
  }
  return in.ok();
}

}  // namespace troupe::game::arena

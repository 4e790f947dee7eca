#include "actors/leaderboard/player_index.hpp"

#include <algorithm>
#include <cassert>

#include <xxhash.h>

namespace troupe::leaderboard {
namespace {

constexpr std::size_t kFirstCells = 8;

struct Hash {
  std::size_t table;
  std::uint32_t cell;
};
Hash hash_of(std::string_view player) noexcept {
  const auto hash = XXH3_64bits(player.data(), player.size());
  return {static_cast<std::size_t>(hash >> 56), static_cast<std::uint32_t>(hash)};
}

}  // namespace

PlayerIndex::PlayerIndex() = default;

std::optional<std::uint32_t> PlayerIndex::find(std::string_view player) const noexcept {
  const auto hash = hash_of(player);
  const auto& cells = tables_[hash.table].cells;
  if (cells.empty()) return std::nullopt;
  const auto mask = cells.size() - 1;
  for (std::size_t at = hash.cell & mask; cells[at].slot != kFree; at = (at + 1) & mask) {
    if (cells[at].hash == hash.cell && name(cells[at].slot) == player) return cells[at].slot;
  }
  return std::nullopt;
}

void PlayerIndex::place(Table& table, Cell cell) noexcept {
  const auto mask = table.cells.size() - 1;
  std::size_t at = cell.hash & mask;
  while (table.cells[at].slot != kFree) at = (at + 1) & mask;
  table.cells[at] = cell;
}

void PlayerIndex::grow(Table& table) {
  Table larger;
  larger.cells.resize(std::max(kFirstCells, table.cells.size() * 2));
  larger.used = table.used;
  for (const auto& cell : table.cells) {
    if (cell.slot != kFree) place(larger, cell);
  }
  table = std::move(larger);
}

PlayerIndex::Name PlayerIndex::store(std::string_view player) {
  Name at;
  if (auto& unused = free_names_[player.size()]; !unused.empty()) {
    at = unused.back();
    unused.pop_back();
  } else {
    if (block_used_ + player.size() > kBlockBytes) {
      blocks_.push_back(std::make_unique<std::array<char, kBlockBytes>>());
      block_used_ = 0;
    }
    at = {static_cast<std::uint32_t>(blocks_.size() - 1), static_cast<std::uint16_t>(block_used_),
          static_cast<std::uint8_t>(player.size())};
    block_used_ += player.size();
  }
  std::copy(player.begin(), player.end(), blocks_[at.block]->begin() + at.offset);
  return at;
}

std::uint32_t PlayerIndex::add(std::string_view player) {
  assert(!player.empty() && player.size() <= kMaxPlayerBytes);
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = next_slot_++;
    if (slot / kNamesPerBlock == names_.size())
      names_.push_back(std::make_unique<std::array<Name, kNamesPerBlock>>());
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  name_of(slot) = store(player);
  const auto hash = hash_of(player);
  auto& table = tables_[hash.table];
  if (table.used + 1 > table.cells.size() / 8 * 7) grow(table);
  place(table, {hash.cell, slot});
  ++table.used;
  ++size_;
  return slot;
}

void PlayerIndex::remove(std::uint32_t slot) {
  const auto hash = hash_of(name(slot));
  auto& table = tables_[hash.table];
  const auto mask = table.cells.size() - 1;
  std::size_t hole = hash.cell & mask;
  while (table.cells[hole].slot != slot) hole = (hole + 1) & mask;
  // Those behind move up unless that would bring them before their place (Knuth, 6.4, algorithm R).
  for (std::size_t at = (hole + 1) & mask; table.cells[at].slot != kFree; at = (at + 1) & mask) {
    const std::size_t home = table.cells[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table.cells[hole] = table.cells[at];
    hole = at;
  }
  table.cells[hole] = {};
  --table.used;
  --size_;
  const auto& stored = name_of(slot);
  free_names_[stored.length].push_back(stored);
  free_slots_.push_back(slot);
}

std::string_view PlayerIndex::name(std::uint32_t slot) const noexcept {
  const auto& at = name_of(slot);
  return {blocks_[at.block]->data() + at.offset, at.length};
}

std::size_t PlayerIndex::bytes() const noexcept {
  std::size_t sum = sizeof(*this) +
                    names_.size() * sizeof(*names_.front()->begin()) * kNamesPerBlock +
                    blocks_.size() * kBlockBytes + free_slots_.capacity() * sizeof(std::uint32_t);
  for (const auto& table : tables_) sum += table.cells.capacity() * sizeof(Cell);
  for (const auto& names : free_names_) sum += names.capacity() * sizeof(Name);
  return sum;
}

}  // namespace troupe::leaderboard

// Which players a leaderboard knows: names to slots and back, in about 27 bytes a player beside the
// name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace troupe::leaderboard {

/// Longest player id, in bytes.
inline constexpr std::size_t kMaxPlayerBytes = 64;

/// Slots are numbers from 0 on, without large gaps: a slot that is given back is used again. Grows
/// in small steps (256 tables, blocks of names), so that no insertion waits for a copy of all. Not
/// thread-safe.
class PlayerIndex {
 public:
  PlayerIndex();

  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view player) const noexcept;
  /// `player` (1 to kMaxPlayerBytes bytes) must not be known yet.
  std::uint32_t add(std::string_view player);
  void remove(std::uint32_t slot);
  /// Valid until the slot is removed.
  [[nodiscard]] std::string_view name(std::uint32_t slot) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t kTables = 256;
  static constexpr std::uint32_t kFree = UINT32_MAX;

  struct Cell {
    std::uint32_t hash = 0;
    std::uint32_t slot = kFree;
  };
  /// Open addressing with linear probing; at most 7/8 full.
  struct Table {
    std::vector<Cell> cells;
    std::size_t used = 0;
  };
  struct Name {
    std::uint32_t block = 0;
    std::uint16_t offset = 0;
    std::uint8_t length = 0;
  };
  static constexpr std::size_t kBlockBytes = 1U << 16;
  static constexpr std::size_t kNamesPerBlock = 1U << 13;

  Name store(std::string_view player);
  [[nodiscard]] Name& name_of(std::uint32_t slot) noexcept {
    return (*names_[slot / kNamesPerBlock])[slot % kNamesPerBlock];
  }
  [[nodiscard]] const Name& name_of(std::uint32_t slot) const noexcept {
    return (*names_[slot / kNamesPerBlock])[slot % kNamesPerBlock];
  }
  static void grow(Table& table);
  static void place(Table& table, Cell cell) noexcept;

  std::array<Table, kTables> tables_;
  std::vector<std::unique_ptr<std::array<Name, kNamesPerBlock>>> names_;
  std::vector<std::unique_ptr<std::array<char, kBlockBytes>>> blocks_;
  std::size_t block_used_ = kBlockBytes;
  std::uint32_t next_slot_ = 0;
  std::vector<std::uint32_t> free_slots_;
  std::array<std::vector<Name>, kMaxPlayerBytes + 1> free_names_;  ///< by length
  std::size_t size_ = 0;
};

}  // namespace troupe::leaderboard

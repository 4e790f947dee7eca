// Keys and records of leaderboards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/leaderboard/board.hpp"
#include "actors/leaderboard/season.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/verify.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::leaderboard {

/// What a leaderboard is. All but `keep_seasons` stays as it was made.
struct Definition {
  std::string id;  ///< 1 to 64 of a-z, 0-9, - and _
  Order order = Order::high_first;
  Keep keep = Keep::best;
  Schedule schedule;
  std::uint32_t keep_seasons = 3;  ///< the current one included
  /// The mode whose ratings it shows; empty: scores are submitted.
  std::string rated_mode;
  std::uint64_t created_ms = 0;
  friend bool operator==(const Definition&, const Definition&) = default;
};

[[nodiscard]] std::string board_key(std::string_view board);
[[nodiscard]] std::string encode_definition(const Definition& definition);
/// Nothing when the bytes fail verification.
[[nodiscard]] std::optional<Definition> decode_definition(std::string_view bytes);

void put_entry(storage::Batch& batch, std::string_view board, std::uint32_t season,
               const Entry& entry);
void erase_entry(storage::Batch& batch, std::string_view board, std::uint32_t season,
                 std::string_view player);
void put_applied(storage::Batch& batch, std::string_view board, std::uint32_t season,
                 std::uint64_t offset);
/// Everything of the seasons before `first_kept`.
void erase_seasons_before(storage::Batch& batch, std::string_view board, std::uint32_t first_kept);

/// Some of the entries of a season, by name.
struct EntryPage {
  std::vector<Entry> entries;
  bool more = false;
};
/// Up to `limit` entries after player `after`. Errors: io, corrupt.
[[nodiscard]] Result<EntryPage> read_entries(const storage::Store& store, std::string_view board,
                                             std::uint32_t season, std::string_view after,
                                             std::size_t limit);
/// The last event whose points are in; 0 when there are none. Errors: io, corrupt.
[[nodiscard]] Result<std::uint64_t> read_applied(const storage::Store& store,
                                                 std::string_view board, std::uint32_t season);

void add_record_checks(storage::RecordChecks& checks);

}  // namespace troupe::leaderboard

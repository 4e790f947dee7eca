// The journal: all events of the process in commit order, read by consumers with durable cursors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::storage {

class Store;

/// An event as it was committed.
struct JournalEntry {
  std::uint64_t offset = 0;   ///< Ascending over the whole journal, from 1.
  std::uint64_t time_ms = 0;  ///< Unix time of the commit.
  std::string entity;
  std::string type;
  std::string payload;
};

/// Key in Family::meta of the first offset that was not trimmed (MetaRecord).
inline constexpr std::string_view kJournalBeginKey = "journal_begin";

/// Up to `limit` entries from `offset` on, fewer at the end. `max_bytes` bounds the payload bytes
/// returned (at least one entry is). Errors: io, corrupt. Blocks on disk: call from ReadPool.
[[nodiscard]] Result<std::vector<JournalEntry>> read_journal(const Store& store,
                                                             std::uint64_t offset,
                                                             std::size_t limit,
                                                             std::size_t max_bytes = 4U << 20);

/// Where `consumer` goes on: the next offset to read; 1 for a new consumer. Move it with
/// Batch::advance_cursor.
[[nodiscard]] Result<std::uint64_t> cursor(const Store& store, std::string_view consumer);

/// The first offset that retention has not trimmed; 1 in a journal that was never trimmed.
[[nodiscard]] Result<std::uint64_t> journal_begin(const Store& store);

/// The offset that the next event will get. Never below journal_begin(): offsets of a journal that
/// was trimmed to the last event are not given out again.
[[nodiscard]] Result<std::uint64_t> journal_end(const Store& store);

}  // namespace troupe::storage

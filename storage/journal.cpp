#include "storage/journal.hpp"

#include <algorithm>

#include "storage/records.hpp"
#include "storage/store.hpp"

namespace troupe::storage {

Result<std::vector<JournalEntry>> read_journal(const Store& store, std::uint64_t offset,
                                               std::size_t limit, std::size_t max_bytes) {
  std::vector<JournalEntry> entries;
  std::size_t bytes = 0;
  bool bad = false;
  auto scanned = store.scan(Family::journal, journal_key(offset), {}, limit,
                            [&](std::string_view key, std::string_view value) {
                              const auto at = journal_offset(key);
                              auto entry = at ? decode_event(*at, value) : std::nullopt;
                              if (!entry) {
                                bad = true;
                                return false;
                              }
                              bytes += entry->payload.size();
                              entries.push_back(std::move(*entry));
                              return bytes < max_bytes;
                            });
  if (!scanned.ok()) return scanned.error();
  if (bad && entries.empty()) {
    return error(ErrorCode::corrupt,
                 "journal entry at or after " + std::to_string(offset) + " does not verify");
  }
  return entries;
}

Result<std::uint64_t> cursor(const Store& store, std::string_view consumer) {
  auto bytes = store.get(Family::cursors, cursor_key(consumer));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::uint64_t{1};
  const auto next = decode_cursor(**bytes);
  if (!next)
    return error(ErrorCode::corrupt, "the cursor of " + std::string(consumer) + " does not verify");
  return *next;
}

Result<std::uint64_t> journal_begin(const Store& store) {
  auto bytes = store.get(Family::meta, kJournalBeginKey);
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::uint64_t{1};
  const auto begin = decode_meta_number(**bytes);
  if (!begin) return error(ErrorCode::corrupt, "journal_begin does not verify");
  return *begin;
}

Result<std::uint64_t> journal_end(const Store& store) {
  const auto begin = journal_begin(store);
  if (!begin.ok()) return begin.error();
  std::uint64_t last = 0;
  bool bad = false;
  auto scanned =
      store.scan_reverse(Family::journal, {}, {}, 1, [&](std::string_view key, std::string_view) {
        const auto at = journal_offset(key);
        bad = !at;
        last = at.value_or(0);
        return true;
      });
  if (!scanned.ok()) return scanned.error();
  if (bad) return error(ErrorCode::corrupt, "the journal's last key is not an offset");
  return std::max(last + 1, *begin);
}

}  // namespace troupe::storage

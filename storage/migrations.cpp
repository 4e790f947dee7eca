#include "storage/migrations.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <spdlog/spdlog.h>

#include "storage/journal.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"

namespace troupe::storage {
namespace {

/// Version 1 had no journal_begin; nothing had been trimmed from the front.
Result<void> add_journal_begin(Store& store, rocksdb::WriteBatch& changes) {
  std::uint64_t begin = 1;
  auto scanned = store.scan(Family::journal, {}, {}, 1, [&](std::string_view key, auto) {
    begin = journal_offset(key).value_or(1);
    return true;
  });
  if (!scanned.ok()) return scanned.error();
  changes.Put(store.handle(Family::meta), {kJournalBeginKey.data(), kJournalBeginKey.size()},
              encode_meta(begin));
  return {};
}

/// The stored version; nothing in a store without one.
Result<std::optional<std::uint64_t>> stored_version(const Store& store) {
  auto bytes = store.get(Family::meta, kSchemaVersionKey);
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<std::uint64_t>();
  const auto version = decode_meta_number(**bytes);
  if (!version) return error(ErrorCode::corrupt, "schema_version does not verify");
  return version;
}

Result<bool> is_empty(const Store& store) {
  std::size_t records = 0;
  for (int i = 0; i < kFamilyCount; ++i) {
    auto scanned = store.scan(static_cast<Family>(i), {}, {}, 1, [](auto, auto) { return true; });
    if (!scanned.ok()) return scanned.error();
    records += *scanned;
  }
  return records == 0;
}

Result<void> commit(Store& store, rocksdb::WriteBatch& changes, std::uint64_t version) {
  changes.Put(store.handle(Family::meta), {kSchemaVersionKey.data(), kSchemaVersionKey.size()},
              encode_meta(version));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = store.db().Write(synced, &changes);
  if (!status.ok()) return error(ErrorCode::io, status.ToString());
  return {};
}

Result<void> mark_new(Store& store, std::uint64_t target, MigrateMode mode) {
  const auto empty = is_empty(store);
  if (!empty.ok()) return empty.error();
  if (mode == MigrateMode::check_only || !*empty)
    return error(ErrorCode::corrupt, "no schema_version: not a Troupe data directory");
  rocksdb::WriteBatch nothing;
  return commit(store, nothing, target);
}

}  // namespace

std::span<const Migration> migrations() {
  static const std::array table{
      Migration{1, "note where the journal begins", add_journal_begin},
  };
  return table;
}

Result<void> migrate(Store& store, std::span<const Migration> table, std::uint64_t target,
                     MigrateMode mode) {
  const auto stored = stored_version(store);
  if (!stored.ok()) return stored.error();
  if (!*stored) return mark_new(store, target, mode);
  auto version = **stored;
  if (version > target) {
    return error(ErrorCode::unsupported,
                 fmt::format("the data was written by a newer version (schema {}, this is {})",
                             version, target));
  }
  if (version < target && mode == MigrateMode::check_only) {
    return error(ErrorCode::unsupported,
                 fmt::format("the data is of schema {}, this is {}: start the server on it once, "
                             "which migrates it",
                             version, target));
  }
  for (; version < target; ++version) {
    const auto step = std::find_if(table.begin(), table.end(),
                                   [&](const Migration& each) { return each.from == version; });
    if (step == table.end()) {
      return error(ErrorCode::unsupported,
                   fmt::format("no migration leads from schema {} to {}", version, target));
    }
    spdlog::info("storage: migrating schema {} to {}: {}", version, version + 1, step->what);
    rocksdb::WriteBatch changes;
    if (auto ran = step->run(store, changes); !ran.ok()) return ran.error();
    if (auto done = commit(store, changes, version + 1); !done.ok()) return done.error();
  }
  return {};
}

}  // namespace troupe::storage

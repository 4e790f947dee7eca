// Migrations: how data written by an older engine becomes today's layout, once, when it is opened.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace rocksdb {
class WriteBatch;
}

namespace troupe::storage {

class Store;

/// The layout that this engine reads and writes. Version 2 has `journal_begin` in Family::meta.
inline constexpr std::uint64_t kSchemaVersion = 2;
/// Key in Family::meta of the layout's version (MetaRecord).
inline constexpr std::string_view kSchemaVersionKey = "schema_version";

/// One step, from version `from` to the next.
struct Migration {
  std::uint64_t from;
  std::string_view what;  ///< For the log.
  /// Puts the changes into the batch, which is committed and synced together with the new version:
  /// a crash leaves the step either done or not begun. What would not fit into memory may be
  /// written to `store.db()` before, so that doing it twice does no harm.
  std::function<Result<void>(Store& store, rocksdb::WriteBatch& changes)> run;
};

/// All steps of this engine, ascending.
[[nodiscard]] std::span<const Migration> migrations();

enum class MigrateMode : std::uint8_t {
  write,
  check_only,  ///< The store is read-only: an old layout is an error too.
};

/// Brings `store` to version `target` by the steps in `table`, in order; marks an empty store as
/// `target` at once. Errors: unsupported (newer than `target`; older in check_only; no step from
/// there), corrupt (no version but records), io, or what a step returned.
Result<void> migrate(Store& store, std::span<const Migration> table, std::uint64_t target,
                     MigrateMode mode);

}  // namespace troupe::storage

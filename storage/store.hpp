// The store: one RocksDB database per data directory, opened once per process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "storage/keys.hpp"

namespace rocksdb {
class DB;
class ColumnFamilyHandle;
class Env;
}  // namespace rocksdb

namespace troupe::storage {

struct StoreOptions {
  std::filesystem::path path;
  bool read_only = false;
  bool create_if_missing = true;
  std::size_t block_cache_bytes = 256U << 20;   ///< Shared by all families.
  std::size_t write_buffer_bytes = 256U << 20;  ///< Bound on all memtables together.
  int background_jobs = 2;
  std::shared_ptr<rocksdb::Env> env;  ///< The files' home; none: the operating system's. For tests.
};

/// Reads block the calling thread (memory mostly, disk at times): actors and I/O threads go through
/// ReadPool unless the caller knows that the data is small and hot. Writes go through Writer only.
/// Thread-safe.
class Store {
 public:
  /// Opens or creates the database, checks `schema_version` and migrates forward (migrations.hpp).
  /// A write-ahead log that ends in a torn or damaged record is opened with what precedes it, and
  /// the damage is logged. Errors: io (locked by another process, disk), corrupt, unsupported
  /// (written by a newer version; or by an older one and opened read-only).
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  ~Store();

  /// The value, nothing when there is none, or io/corrupt.
  [[nodiscard]] Result<std::optional<std::string>> get(Family family, std::string_view key) const;

  /// Calls `visit(key, value)` for each record in [begin, end) in key order until it returns false
  /// or `limit` records were seen. An empty `end` means the end of the family. Returns the number
  /// visited.
  Result<std::size_t> scan(
      Family family, std::string_view begin, std::string_view end, std::size_t limit,
      const std::function<bool(std::string_view, std::string_view)>& visit) const;
  /// The same from the last key below `end` downwards.
  Result<std::size_t> scan_reverse(
      Family family, std::string_view begin, std::string_view end, std::size_t limit,
      const std::function<bool(std::string_view, std::string_view)>& visit) const;

  /// The response remembered under (scope, key) if it has not expired at `now_ms`.
  [[nodiscard]] Result<std::optional<std::string>> remembered(std::string_view scope,
                                                              std::string_view key,
                                                              std::uint64_t now_ms) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  /// For Writer, Journal, backup and verify; other rooms have no business here.
  [[nodiscard]] rocksdb::DB& db() const noexcept;
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(Family family) const noexcept;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::storage

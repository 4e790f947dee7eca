#include "storage/store.hpp"

#include <array>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include "storage/records.hpp"

namespace troupe::storage {
namespace {

/// Version 1: the first layout. A newer engine migrates forward from here; an older one refuses to
/// open.
constexpr std::uint64_t kSchemaVersion = 1;
constexpr std::string_view kSchemaVersionKey = "schema_version";

Error from_status(const rocksdb::Status& status) {
  const auto code = status.IsCorruption() ? ErrorCode::corrupt : ErrorCode::io;
  return error(code, status.ToString());
}

rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

rocksdb::DBOptions db_options(const StoreOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.max_background_jobs = options.background_jobs;
  // The writer flushes and syncs the WAL once per group, itself.
  db.manual_wal_flush = true;
  // After a crash the WAL ends in what was being written; everything before it was synced and must
  // be whole.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(options.write_buffer_bytes);
  db.max_total_wal_size = options.write_buffer_bytes * 2;
  db.keep_log_file_num = 4;
  db.bytes_per_sync = 1U << 20;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = std::min<std::size_t>(options.write_buffer_bytes / 4, 64U << 20);
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

}  // namespace

struct Store::Impl {
  std::filesystem::path path;
  std::shared_ptr<rocksdb::Cache> cache;
  std::unique_ptr<rocksdb::DB> db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles{};

  ~Impl() {
    if (!db) return;
    for (auto* handle : handles) {
      if (handle != nullptr) db->DestroyColumnFamilyHandle(handle);
    }
    db->Close();
  }

  Result<void> open(const StoreOptions& options) {
    path = options.path;
    cache = rocksdb::NewLRUCache(options.block_cache_bytes);
    const auto family = family_options(options, cache);
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family);
    for (int i = 0; i < kFamilyCount; ++i) {
      descriptors.emplace_back(std::string(family_name(static_cast<Family>(i))), family);
    }
    std::vector<rocksdb::ColumnFamilyHandle*> opened;
    rocksdb::DB* raw = nullptr;
    const auto name = path.string();
    const auto status =
        options.read_only
            ? rocksdb::DB::OpenForReadOnly(db_options(options), name, descriptors, &opened, &raw)
            : rocksdb::DB::Open(db_options(options), name, descriptors, &opened, &raw);
    if (!status.ok()) return from_status(status);
    db.reset(raw);
    db->DestroyColumnFamilyHandle(opened[0]);
    for (std::size_t i = 0; i < kFamilyCount; ++i) handles[i] = opened[i + 1];
    return {};
  }

  Result<void> check_schema_version(bool read_only) {
    std::string bytes;
    auto* meta = handles[static_cast<std::size_t>(Family::meta)];
    const auto status = db->Get({}, meta, slice(kSchemaVersionKey), &bytes);
    if (status.IsNotFound()) {
      if (read_only)
        return error(ErrorCode::corrupt, "no schema_version: not a Troupe data directory");
      rocksdb::WriteOptions synced;
      const auto put = db->Put(synced, meta, slice(kSchemaVersionKey), encode_meta(kSchemaVersion));
      if (!put.ok()) return from_status(put);
      const auto flushed = db->FlushWAL(true);
      return flushed.ok() ? Result<void>() : Result<void>(from_status(flushed));
    }
    if (!status.ok()) return from_status(status);
    const auto version = decode_meta_number(bytes);
    if (!version) return error(ErrorCode::corrupt, "schema_version does not verify");
    if (*version > kSchemaVersion) {
      return error(ErrorCode::unsupported, "the data was written by a newer version (schema " +
                                               std::to_string(*version) + ", this is " +
                                               std::to_string(kSchemaVersion) + ")");
    }
    return {};
  }
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  if (!options.read_only && options.create_if_missing) {
    std::error_code ec;
    std::filesystem::create_directories(options.path, ec);
    if (ec) return error(ErrorCode::io, options.path.string() + ": " + ec.message());
  }
  auto impl = std::make_unique<Impl>();
  if (auto opened = impl->open(options); !opened.ok()) return opened.error();
  if (auto checked = impl->check_schema_version(options.read_only); !checked.ok())
    return checked.error();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<std::optional<std::string>> Store::get(Family family, std::string_view key) const {
  std::string value;
  const auto status = impl_->db->Get({}, handle(family), slice(key), &value);
  if (status.ok()) return std::optional<std::string>(std::move(value));
  if (status.IsNotFound()) return std::optional<std::string>();
  return from_status(status);
}

Result<std::size_t> Store::scan(
    Family family, std::string_view begin, std::string_view end, std::size_t limit,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  rocksdb::ReadOptions read;
  const auto upper = slice(end);
  if (!end.empty()) read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(read, handle(family)));
  std::size_t seen = 0;
  for (it->Seek(slice(begin)); it->Valid() && seen < limit; it->Next()) {
    ++seen;
    if (!visit(view(it->key()), view(it->value()))) break;
  }
  if (!it->status().ok()) return from_status(it->status());
  return seen;
}

Result<std::size_t> Store::scan_reverse(
    Family family, std::string_view begin, std::string_view end, std::size_t limit,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  rocksdb::ReadOptions read;
  const auto lower = slice(begin), upper = slice(end);
  if (!begin.empty()) read.iterate_lower_bound = &lower;
  if (!end.empty()) read.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(impl_->db->NewIterator(read, handle(family)));
  std::size_t seen = 0;
  for (it->SeekToLast(); it->Valid() && seen < limit; it->Prev()) {
    ++seen;
    if (!visit(view(it->key()), view(it->value()))) break;
  }
  if (!it->status().ok()) return from_status(it->status());
  return seen;
}

Result<std::optional<std::string>> Store::remembered(std::string_view scope, std::string_view key,
                                                     std::uint64_t now_ms) const {
  auto bytes = get(Family::idempotency, idempotency_key(scope, key));
  if (!bytes.ok()) return bytes.error();
  if (!*bytes) return std::optional<std::string>();
  auto record = decode_remembered(**bytes);
  if (!record) return error(ErrorCode::corrupt, "an idempotency record does not verify");
  if (record->expires_ms <= now_ms) return std::optional<std::string>();
  return std::optional<std::string>(std::move(record->response));
}

const std::filesystem::path& Store::path() const noexcept {
  return impl_->path;
}
rocksdb::DB& Store::db() const noexcept {
  return *impl_->db;
}
rocksdb::ColumnFamilyHandle* Store::handle(Family family) const noexcept {
  return impl_->handles[static_cast<std::size_t>(family)];
}

}  // namespace troupe::storage

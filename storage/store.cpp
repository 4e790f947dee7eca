#include "storage/store.hpp"

#include <array>
#include <chrono>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>
#include <spdlog/spdlog.h>

#include "storage/migrations.hpp"
#include "storage/records.hpp"

namespace troupe::storage {
namespace {

/// Expired idempotency records go when their file is compacted, at the latest this long after it
/// was written. A sweep by key would race with a request that reuses the key just then.
constexpr std::uint64_t kIdempotencyCompactionSeconds = 6 * 60 * 60;

class DropExpired : public rocksdb::CompactionFilter {
 public:
  explicit DropExpired(std::uint64_t now_ms) : now_ms_(now_ms) {}
  [[nodiscard]] const char* Name() const override { return "troupe.idempotency.expired"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
              bool*) const override {
    // What does not verify stays, for `troupe verify` to report.
    const auto record = decode_remembered({value.data(), value.size()});
    return record && record->expires_ms <= now_ms_;
  }

 private:
  std::uint64_t now_ms_;
};

class DropExpiredFactory : public rocksdb::CompactionFilterFactory {
 public:
  [[nodiscard]] const char* Name() const override { return "troupe.idempotency.expired"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::make_unique<DropExpired>(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
  }
};

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

rocksdb::DBOptions db_options(const StoreOptions& options, rocksdb::WALRecoveryMode recovery) {
  rocksdb::DBOptions db;
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.max_background_jobs = options.background_jobs;
  db.wal_recovery_mode = recovery;
  if (options.env) db.env = options.env.get();
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
  std::shared_ptr<rocksdb::Env> env;
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

  rocksdb::Status open_database(const StoreOptions& options, rocksdb::WALRecoveryMode recovery) {
    const auto family = family_options(options, cache);
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family);
    for (int i = 0; i < kFamilyCount; ++i) {
      auto own = family;
      if (static_cast<Family>(i) == Family::idempotency) {
        own.compaction_filter_factory = std::make_shared<DropExpiredFactory>();
        own.periodic_compaction_seconds = kIdempotencyCompactionSeconds;
      }
      descriptors.emplace_back(std::string(family_name(static_cast<Family>(i))), own);
    }
    std::vector<rocksdb::ColumnFamilyHandle*> opened;
    rocksdb::DB* raw = nullptr;
    const auto name = path.string();
    const auto db_opts = db_options(options, recovery);
    auto status = options.read_only
                      ? rocksdb::DB::OpenForReadOnly(db_opts, name, descriptors, &opened, &raw)
                      : rocksdb::DB::Open(db_opts, name, descriptors, &opened, &raw);
    if (!status.ok()) return status;
    db.reset(raw);
    db->DestroyColumnFamilyHandle(opened[0]);
    for (std::size_t i = 0; i < kFamilyCount; ++i) handles[i] = opened[i + 1];
    return status;
  }

  Result<void> open(const StoreOptions& options) {
    using Mode = rocksdb::WALRecoveryMode;
    path = options.path;
    env = options.env;
    cache = rocksdb::NewLRUCache(options.block_cache_bytes);
    // A crash cuts the log within a record, which is expected. A power cut can also leave a record
    // at its end with some pages unwritten: its checksum fails. It was then never acknowledged, so
    // the log is read up to there; loudly, for a decaying disk looks the same.
    auto status = open_database(options, Mode::kTolerateCorruptedTailRecords);
    if (status.IsCorruption()) {
      const auto first = status.ToString();
      status = open_database(options, Mode::kPointInTimeRecovery);
      if (status.ok())
        spdlog::error("storage: {}: the log is damaged; opened with what precedes the damage ({})",
                      path.string(), first);
    }
    if (!status.ok()) return from_status(status);
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
  std::unique_ptr<Store> store(new Store(std::move(impl)));
  const auto mode = options.read_only ? MigrateMode::check_only : MigrateMode::write;
  if (auto done = migrate(*store, migrations(), kSchemaVersion, mode); !done.ok())
    return done.error();
  return store;
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

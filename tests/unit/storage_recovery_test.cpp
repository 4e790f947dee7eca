// What is found when the data directory is opened: torn logs, older and newer layouts.
#include <filesystem>
#include <fstream>
#include <future>
#include <random>

#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/migrations.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::storage {
namespace {

namespace fs = std::filesystem;

struct StorageRecoveryTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;

  std::unique_ptr<Store> open(const std::string& name = "db") const {
    auto opened = Store::open({.path = dir / name});
    EXPECT_TRUE(opened.ok()) << opened.error().detail;
    return opened.ok() ? std::move(*opened) : nullptr;
  }

  static void put_raw(const Store& store, Family family, std::string_view key,
                      const std::string& value) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    ASSERT_TRUE(store.db().Put(synced, store.handle(family), {key.data(), key.size()}, value).ok());
  }
};

/// Batch n: keys a<n> and b<n>. Returns the log's size after each acknowledged batch.
std::vector<std::uintmax_t> write_batches(Store& store, Metrics& metrics, int count,
                                          const std::function<std::uintmax_t()>& log_size) {
  Writer writer(store, metrics);
  std::vector<std::uintmax_t> sizes;
  for (int n = 0; n < count; ++n) {
    Batch batch;
    batch.put(Family::ads, "a" + std::to_string(n), std::string(100, 'v'));
    batch.put(Family::feed, "b" + std::to_string(n), std::string(100, 'v'));
    EXPECT_TRUE(writer.submit(std::move(batch), {}).ok());
    writer.flush();
    sizes.push_back(log_size());
  }
  return sizes;
}

fs::path newest_log(const fs::path& db) {
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(db)) {
    if (entry.path().extension() == ".log" && entry.path() > newest) newest = entry.path();
  }
  return newest;
}

/// The batches 0…n-1 are whole and nothing of a later one is there; n.
int whole_prefix(const Store& store, int count) {
  int prefix = 0;
  bool ended = false;
  for (int n = 0; n < count; ++n) {
    const bool first = store.get(Family::ads, "a" + std::to_string(n))->has_value();
    const bool second = store.get(Family::feed, "b" + std::to_string(n))->has_value();
    EXPECT_EQ(first, second) << "half of batch " << n;
    EXPECT_FALSE(ended && first) << "batch " << n << " after a gap";
    ended = ended || !first;
    prefix += first ? 1 : 0;
  }
  return prefix;
}

struct TornLogTest : StorageRecoveryTest {
  static constexpr int kBatches = 12;
  std::vector<std::uintmax_t> sizes;

  /// The files as a power cut would find them: everything synced, nothing closed.
  void SetUp() override {
    const auto store = open();
    sizes = write_batches(*store, metrics, kBatches,
                          [&] { return fs::file_size(newest_log(dir / "db")); });
    fs::copy(dir / "db", dir / "image", fs::copy_options::recursive);
  }

  /// How many batches the first `bytes` of the log hold whole.
  int batches_within(std::uintmax_t bytes) const {
    return static_cast<int>(std::upper_bound(sizes.begin(), sizes.end(), bytes) - sizes.begin());
  }

  std::string copy_of_image(int n) const {
    const auto name = "copy" + std::to_string(n);
    fs::copy(dir / "image", dir / name, fs::copy_options::recursive);
    return name;
  }
};

TEST_F(TornLogTest, ALogCutAnywhereOpensWithTheBatchesBeforeTheCut) {
  std::mt19937 random(7);
  for (int round = 0; round < 8; ++round) {
    const auto name = copy_of_image(round);
    const auto log = newest_log(dir / name);
    const auto cut = sizes[3] + random() % (sizes.back() - sizes[3]);
    fs::resize_file(log, cut);

    const auto store = open(name);

    ASSERT_TRUE(store);
    EXPECT_EQ(whole_prefix(*store, kBatches), batches_within(cut)) << "cut at " << cut;
  }
}

TEST_F(TornLogTest, ARecordDamagedAtTheEndIsDroppedWithNothingBeforeIt) {
  std::mt19937 random(11);
  for (int round = 0; round < 6; ++round) {
    const auto name = copy_of_image(round);
    // Within the last batch: as a page that was not written before the power failed.
    const auto at = sizes[kBatches - 2] + random() % (sizes.back() - sizes[kBatches - 2]);
    {
      std::fstream log(newest_log(dir / name), std::ios::in | std::ios::out | std::ios::binary);
      log.seekg(static_cast<std::streamoff>(at));
      const auto byte = static_cast<char>(log.get() ^ 0x55);
      log.seekp(static_cast<std::streamoff>(at));
      log.put(byte);
    }

    const auto store = open(name);

    ASSERT_TRUE(store);
    EXPECT_EQ(whole_prefix(*store, kBatches), kBatches - 1) << "damaged at " << at;
  }
}

TEST_F(TornLogTest, RubbishAfterTheLastRecordHidesNothing) {
  for (const char fill : {'\0', 'x'}) {
    const auto name = copy_of_image(fill);
    std::ofstream(newest_log(dir / name), std::ios::app | std::ios::binary)
        << std::string(5'000, fill);

    const auto store = open(name);

    ASSERT_TRUE(store);
    EXPECT_EQ(whole_prefix(*store, kBatches), kBatches);
  }
}

TEST_F(StorageRecoveryTest, ANewerLayoutIsRefusedWithBothVersionsNamed) {
  {
    const auto store = open();
    put_raw(*store, Family::meta, kSchemaVersionKey, encode_meta(kSchemaVersion + 1));
  }

  const auto opened = Store::open({.path = dir / "db"});

  ASSERT_EQ(opened.code(), ErrorCode::unsupported);
  EXPECT_NE(opened.error().detail.find(std::to_string(kSchemaVersion + 1)), std::string::npos);
}

TEST_F(StorageRecoveryTest, VersionOneGetsTheBeginOfItsJournalAndKeepsItsEvents) {
  {
    const auto store = open();
    put_raw(*store, Family::journal, journal_key(1), encode_event({"e/1", "t", "p"}, 5));
    put_raw(*store, Family::meta, kSchemaVersionKey, encode_meta(1));
  }
  EXPECT_EQ(Store::open({.path = dir / "db", .read_only = true}).code(), ErrorCode::unsupported);

  const auto store = open();

  EXPECT_EQ(*journal_begin(*store), 1U);
  EXPECT_EQ(*journal_end(*store), 2U);
  EXPECT_EQ(decode_meta_number(**store->get(Family::meta, kSchemaVersionKey)), kSchemaVersion);
  EXPECT_TRUE(verify(*store, RecordChecks(), {})->ok());
}

/// A made-up history: 0 kept names as plain text under "n", 1 put them under "m", 2 in capitals.
std::vector<Migration> made_up_steps(std::vector<int>& ran) {
  return {{0, "move the names",
           [&ran](Store& store, rocksdb::WriteBatch& changes) {
             ran.push_back(0);
             auto scanned = store.scan(Family::feed, "n", "o", 100, [&](auto key, auto value) {
               changes.Delete(store.handle(Family::feed), {key.data(), key.size()});
               changes.Put(store.handle(Family::feed), "m" + std::string(key.substr(1)),
                           {value.data(), value.size()});
               return true;
             });
             return scanned.ok() ? Result<void>() : Result<void>(scanned.error());
           }},
          {1, "shout", [&ran](Store& store, rocksdb::WriteBatch& changes) -> Result<void> {
             ran.push_back(1);
             auto scanned = store.scan(Family::feed, "m", "n", 100, [&](auto key, auto value) {
               std::string loud(value);
               for (char& c : loud) c = static_cast<char>(std::toupper(c));
               changes.Put(store.handle(Family::feed), {key.data(), key.size()}, loud);
               return true;
             });
             return scanned.ok() ? Result<void>() : Result<void>(scanned.error());
           }}};
}

struct MigrationTest : StorageRecoveryTest {
  std::unique_ptr<Store> store = open();
  std::vector<int> ran;

  void SetUp() override {
    put_raw(*store, Family::meta, kSchemaVersionKey, encode_meta(0));
    put_raw(*store, Family::feed, "n1", "ann");
    put_raw(*store, Family::feed, "n2", "ben");
  }
  std::uint64_t version() const {
    return *decode_meta_number(**store->get(Family::meta, kSchemaVersionKey));
  }
};

TEST_F(MigrationTest, StepsRunInOrderOnceEach) {
  const auto table = made_up_steps(ran);

  ASSERT_TRUE(migrate(*store, table, 2, MigrateMode::write).ok());
  ASSERT_TRUE(migrate(*store, table, 2, MigrateMode::write).ok());

  EXPECT_EQ(ran, (std::vector<int>{0, 1}));
  EXPECT_EQ(version(), 2U);
  EXPECT_EQ(**store->get(Family::feed, "m1"), "ANN");
  EXPECT_EQ(**store->get(Family::feed, "m2"), "BEN");
  EXPECT_FALSE(store->get(Family::feed, "n1")->has_value());
}

TEST_F(MigrationTest, AFailedStepLeavesTheVersionBeforeItAndItsReason) {
  auto table = made_up_steps(ran);
  table[1].run = [](Store& into, rocksdb::WriteBatch& changes) -> Result<void> {
    changes.Put(into.handle(Family::feed), "half", "done");
    return error(ErrorCode::corrupt, "a name does not verify");
  };

  const auto done = migrate(*store, table, 2, MigrateMode::write);

  EXPECT_EQ(done.code(), ErrorCode::corrupt);
  EXPECT_EQ(version(), 1U);
  EXPECT_EQ(**store->get(Family::feed, "m1"), "ann");
  EXPECT_FALSE(store->get(Family::feed, "half")->has_value());
}

TEST_F(MigrationTest, AMissingStepAndAReadOnlyOldLayoutAreRefused) {
  auto table = made_up_steps(ran);

  EXPECT_EQ(migrate(*store, table, 2, MigrateMode::check_only).code(), ErrorCode::unsupported);
  table.erase(table.begin());
  EXPECT_EQ(migrate(*store, table, 2, MigrateMode::write).code(), ErrorCode::unsupported);
  EXPECT_EQ(version(), 0U);
}

TEST_F(MigrationTest, RecordsWithoutAVersionAreNoDataDirectory) {
  ASSERT_TRUE(store->db().Delete({}, store->handle(Family::meta), "schema_version").ok());

  EXPECT_EQ(migrate(*store, migrations(), kSchemaVersion, MigrateMode::write).code(),
            ErrorCode::corrupt);
}

}  // namespace
}  // namespace troupe::storage

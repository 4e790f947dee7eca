// A disk that refuses: what the writer acknowledges, and what it says.
#include <atomic>
#include <future>

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::storage {
namespace {

/// How many more appends and syncs of the write-ahead log succeed.
struct Faults {
  static constexpr int kNever = 1 << 30;
  std::atomic<int> appends_left{kNever};
  std::atomic<int> syncs_left{kNever};

  static rocksdb::IOStatus spend(std::atomic<int>& left, const char* what) {
    return left-- > 0 ? rocksdb::IOStatus::OK() : rocksdb::IOStatus::IOError(what, "injected");
  }
};

class FaultyFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultyFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, Faults& faults)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(faults) {}

  using FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    const auto fault = Faults::spend(faults_.appends_left, "append");
    return fault.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : fault;
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    const auto fault = Faults::spend(faults_.syncs_left, "sync");
    return fault.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : fault;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    const auto fault = Faults::spend(faults_.syncs_left, "fsync");
    return fault.ok() ? FSWritableFileOwnerWrapper::Fsync(options, debug) : fault;
  }

 private:
  Faults& faults_;
};

class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultyFileSystem(Faults& faults)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), faults_(faults) {}
  [[nodiscard]] const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, result, debug);
    if (status.ok() && name.ends_with(".log"))
      *result = std::make_unique<FaultyFile>(std::move(*result), faults_);
    return status;
  }

 private:
  Faults& faults_;
};

struct StorageFaultTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  Faults faults;
  std::unique_ptr<Store> store;
  std::unique_ptr<Writer> writer;

  void SetUp() override {
    std::shared_ptr<rocksdb::Env> env =
        rocksdb::NewCompositeEnv(std::make_shared<FaultyFileSystem>(faults));
    auto opened = Store::open({.path = dir / "db", .env = env});
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store = std::move(*opened);
    writer = std::make_unique<Writer>(*store, metrics);
  }

  Result<Committed> put(int n) {
    Batch batch;
    batch.put(Family::ads, "a" + std::to_string(n), "v");
    batch.put(Family::feed, "b" + std::to_string(n), "v");
    batch.append({"e/1", "t", std::to_string(n)});
    std::promise<Result<Committed>> done;
    auto submitted = writer->submit(
        std::move(batch), [&](const Result<Committed>& result) { done.set_value(result); });
    if (!submitted.ok()) return submitted.error();
    return done.get_future().get();
  }

  /// Writes until the first error; how many were acknowledged.
  int put_until_refused(Error& reason) {
    for (int n = 0; n < 100; ++n) {
      if (auto done = put(n); !done.ok()) return reason = done.error(), n;
    }
    return 100;
  }

  void reopen_on_a_sound_disk() {
    writer.reset();
    store.reset();
    auto opened = Store::open({.path = dir / "db"});
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    store = std::move(*opened);
    writer = std::make_unique<Writer>(*store, metrics);
  }
};

TEST_F(StorageFaultTest, AFailedSyncIsNeverAcknowledgedAndEndsTheWriterWithTheReason) {
  faults.syncs_left = 5;
  Error reason;

  const int acknowledged = put_until_refused(reason);

  EXPECT_EQ(acknowledged, 5);
  EXPECT_EQ(reason.code, ErrorCode::io);
  EXPECT_NE(reason.detail.find("cannot be made durable"), std::string::npos) << reason.detail;
  EXPECT_FALSE(store->get(Family::ads, "a5")->has_value()) << "readers see what is not durable";
  faults.syncs_left = Faults::kNever;
  EXPECT_EQ(put(6).code(), ErrorCode::io) << "the disk works again, but what it holds is unknown";
}

TEST_F(StorageFaultTest, AfterAFailedSyncARestartFindsAllThatWasAcknowledged) {
  faults.syncs_left = 5;
  Error reason;
  const int acknowledged = put_until_refused(reason);

  reopen_on_a_sound_disk();

  for (int n = 0; n < acknowledged; ++n)
    EXPECT_TRUE(store->get(Family::feed, "b" + std::to_string(n))->has_value()) << n;
  EXPECT_TRUE(put(200).ok());
}

TEST_F(StorageFaultTest, AFailedAppendIsNeverAcknowledgedAndLeavesNoHalfBatch) {
  faults.appends_left = 7;
  Error reason;

  const int acknowledged = put_until_refused(reason);
  reopen_on_a_sound_disk();

  ASSERT_LT(acknowledged, 100);
  EXPECT_EQ(reason.code, ErrorCode::io);
  for (int n = 0; n < 100; ++n) {
    const bool first = store->get(Family::ads, "a" + std::to_string(n))->has_value();
    const bool second = store->get(Family::feed, "b" + std::to_string(n))->has_value();
    EXPECT_EQ(first, second) << n;
    EXPECT_TRUE(first || n >= acknowledged) << n;
  }
}

TEST_F(StorageFaultTest, EveryMemberOfAFailedGroupHearsTheError) {
  std::promise<void> release, held;
  auto gate = release.get_future().share();
  Batch first;
  first.put(Family::ads, "first", "v");
  ASSERT_TRUE(writer
                  ->submit(std::move(first),
                           [&](const auto&) {
                             held.set_value();
                             gate.wait();  // so that the next ones form one group
                           })
                  .ok());
  held.get_future().wait();
  faults.syncs_left = 0;
  std::atomic<int> failed{0}, acknowledged{0};
  for (int i = 0; i < 10; ++i) {
    Batch batch;
    batch.put(Family::ads, std::to_string(i), "v");
    ASSERT_TRUE(writer
                    ->submit(std::move(batch),
                             [&](const auto& done) { ++(done.ok() ? acknowledged : failed); })
                    .ok());
  }
  release.set_value();
  writer->flush();

  EXPECT_EQ(failed, 10);
  EXPECT_EQ(acknowledged, 0);
}

TEST_F(StorageFaultTest, ConsumersHearOfAppendedEventsOnlyWhenTheyAreDurable) {
  std::vector<std::uint64_t> heard;
  const auto token = writer->on_appended([&](std::uint64_t next) { heard.push_back(next); });
  ASSERT_TRUE(put(0).ok());
  Batch without_events;
  without_events.put(Family::ads, "k", "v");
  ASSERT_TRUE(writer->submit(std::move(without_events), {}).ok());
  ASSERT_TRUE(put(1).ok());
  writer->flush();
  faults.syncs_left = 0;
  EXPECT_FALSE(put(2).ok());
  writer->flush();

  EXPECT_EQ(heard, (std::vector<std::uint64_t>{2, 3}));
  writer->unsubscribe(token);
}

TEST_F(StorageFaultTest, NobodyIsToldAfterUnsubscribing) {
  int heard = 0;
  const auto token = writer->on_appended([&](auto) { ++heard; });
  writer->unsubscribe(token);

  ASSERT_TRUE(put(0).ok());
  writer->flush();

  EXPECT_EQ(heard, 0);
}

TEST_F(StorageFaultTest, TheQueueIsBoundedInBytesButTakesOneBatchOfAnySize) {
  writer = std::make_unique<Writer>(*store, metrics, WriterOptions{.max_queued_bytes = 1'000});
  std::promise<void> release, held;
  auto gate = release.get_future().share();
  Batch first;
  first.put(Family::ads, "first", std::string(5'000, 'v'));
  ASSERT_TRUE(writer
                  ->submit(std::move(first),
                           [&](const auto&) {
                             held.set_value();
                             gate.wait();
                           })
                  .ok());
  held.get_future().wait();
  const auto submit = [&](std::size_t bytes) {
    Batch batch;
    batch.put(Family::ads, "k", std::string(bytes - 1, 'v'));
    return writer->submit(std::move(batch), {});
  };

  EXPECT_TRUE(submit(600).ok());
  EXPECT_EQ(submit(401).code(), ErrorCode::overloaded);
  EXPECT_TRUE(submit(400).ok());
  EXPECT_EQ(submit(10).code(), ErrorCode::overloaded);
  release.set_value();
  writer->flush();
  EXPECT_TRUE(submit(1'000).ok()) << "room again once the queue was written";
}

TEST_F(StorageFaultTest, AWriterOnAnUnreadableJournalIsAnErrorThatSaysSo) {
  Batch damage;
  damage.put(Family::journal, "no offset", "x");
  ASSERT_TRUE(writer->submit(std::move(damage), {}).ok());
  writer->flush();
  writer.reset();

  const auto opened = Writer::open(*store, metrics);
  Writer refusing(*store, metrics);
  Batch batch;
  batch.put(Family::ads, "k", "v");

  EXPECT_EQ(opened.code(), ErrorCode::corrupt);
  EXPECT_EQ(refusing.submit(std::move(batch), {}).code(), ErrorCode::corrupt);
}

}  // namespace
}  // namespace troupe::storage

#include <atomic>
#include <condition_variable>
#include <future>

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "base/metrics.hpp"
#include "storage/backup.hpp"
#include "storage/journal.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::storage {
namespace {

struct StoreTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<Store> store = open(dir / "db");
  std::unique_ptr<Writer> writer = std::make_unique<Writer>(*store, metrics);

  static std::unique_ptr<Store> open(const std::string& path) {
    auto opened = Store::open({.path = path});
    EXPECT_TRUE(opened.ok()) << opened.error().detail;
    return std::move(*opened);
  }

  Result<Committed> commit(Batch batch) {
    std::promise<Result<Committed>> done;
    auto submitted = writer->submit(
        std::move(batch), [&](const Result<Committed>& result) { done.set_value(result); });
    if (!submitted.ok()) return submitted.error();
    return done.get_future().get();
  }

  Result<Committed> put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.put(Family::ads, key, value);
    return commit(std::move(batch));
  }

  void reopen() {
    writer.reset();
    store.reset();
    store = open(dir / "db");
    writer = std::make_unique<Writer>(*store, metrics);
  }
};

TEST_F(StoreTest, WhatIsAcknowledgedIsThereAfterReopening) {
  ASSERT_TRUE(put("a", "1").ok());

  reopen();

  EXPECT_EQ(**store->get(Family::ads, "a"), "1");
  EXPECT_FALSE(store->get(Family::ads, "b")->has_value());
}

TEST_F(StoreTest, ScansGoInKeyOrderBothWaysWithinTheirBounds) {
  for (const char* key : {"b", "a", "d", "c"}) ASSERT_TRUE(put(key, key).ok());
  std::string up, down;
  const auto add = [](std::string& to) {
    return [&to](std::string_view key, std::string_view) {
      to += key;
      return true;
    };
  };

  EXPECT_EQ(*store->scan(Family::ads, "b", "d", 10, add(up)), 2U);
  EXPECT_EQ(*store->scan_reverse(Family::ads, "a", "d", 2, add(down)), 2U);

  EXPECT_EQ(up, "bc");
  EXPECT_EQ(down, "cb");
}

TEST_F(StoreTest, EventsGetContiguousOffsetsInTheOrderOfTheirCommits) {
  for (int i = 0; i < 50; ++i) {
    Batch batch;
    batch.append({"e/1", "t", std::to_string(i)});
    batch.append({"e/2", "t", std::to_string(i)});
    const auto done = commit(std::move(batch));
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->first_offset, static_cast<std::uint64_t>(2 * i + 1));
    if (i == 25) reopen();
  }

  const auto events = read_journal(*store, 1, 1'000);

  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ((*events)[i].offset, i + 1);
    EXPECT_EQ((*events)[i].payload, std::to_string(i / 2));
  }
  EXPECT_EQ(*journal_end(*store), 101U);
}

TEST_F(StoreTest, ACursorMovesWithTheConsumersOwnWrites) {
  EXPECT_EQ(*cursor(*store, "c"), 1U);
  Batch batch;
  batch.put(Family::feed, "k", "v");
  batch.advance_cursor("c", 42);
  ASSERT_TRUE(commit(std::move(batch)).ok());

  EXPECT_EQ(*cursor(*store, "c"), 42U);
}

TEST_F(StoreTest, ARememberedResponseHoldsUntilItExpires) {
  Batch batch;
  batch.remember("scope", "key", "answer", 1'000);
  ASSERT_TRUE(commit(std::move(batch)).ok());

  EXPECT_EQ(**store->remembered("scope", "key", 999), "answer");
  EXPECT_FALSE(store->remembered("scope", "key", 1'000)->has_value());
  EXPECT_FALSE(store->remembered("other", "key", 0)->has_value());
}

TEST_F(StoreTest, AFullQueueRefusesAndLosesNothingThatItTook) {
  writer = std::make_unique<Writer>(*store, metrics, WriterOptions{.max_queued_batches = 4});
  std::promise<void> release;
  auto gate = release.get_future().share();
  std::atomic<int> acknowledged{0};
  Batch first;
  first.put(Family::ads, "first", "v");
  std::promise<void> held;
  ASSERT_TRUE(writer
                  ->submit(std::move(first),
                           [&](const auto&) {
                             held.set_value();
                             gate.wait();  // the writer's thread stands still
                           })
                  .ok());
  held.get_future().wait();
  int taken = 0;
  Result<void> refused;
  for (int i = 0; i < 10; ++i) {
    Batch batch;
    batch.put(Family::ads, std::to_string(i), "v");
    auto submitted = writer->submit(std::move(batch),
                                    [&](const auto& done) { acknowledged += done.ok() ? 1 : 0; });
    if (submitted.ok()) {
      ++taken;
    } else {
      refused = submitted;
    }
  }
  release.set_value();
  writer->flush();

  EXPECT_EQ(taken, 4);
  EXPECT_EQ(refused.code(), ErrorCode::overloaded);
  EXPECT_EQ(acknowledged, 4);
}

TEST_F(StoreTest, ABackupIsTheStateOfItsMomentAndRestoresElsewhere) {
  ASSERT_TRUE(put("a", "before").ok());
  ASSERT_TRUE(backup(*store, dir / "backup").ok());
  ASSERT_TRUE(put("a", "after").ok());

  ASSERT_TRUE(restore(dir / "backup", dir / "restored", {}).ok());

  EXPECT_EQ(**open(dir / "restored")->get(Family::ads, "a"), "before");
  EXPECT_EQ(backup(*store, dir / "backup").code(), ErrorCode::conflict);
  EXPECT_EQ(restore(dir / "nothing", dir / "x", {}).code(), ErrorCode::not_found);
  EXPECT_EQ(restore(dir / "backup", dir / "restored", {}).code(), ErrorCode::conflict);
}

TEST_F(StoreTest, VerifyFindsWhatDoesNotBelong) {
  Batch batch;
  batch.append({"e/1", "t", "p"});
  batch.append({"e/1", "t", "p"});
  batch.append({"e/1", "t", "p"});
  batch.remember("s", "k", "r", 1);
  ASSERT_TRUE(commit(std::move(batch)).ok());
  EXPECT_TRUE(verify(*store, RecordChecks(), {})->ok());

  Batch damage;
  damage.put(Family::idempotency, KeyBuilder("i").text("s").text("k2").take(), "no FlatBuffer");
  damage.put(Family::ads, KeyBuilder("mystery").take(), "x");
  damage.erase(Family::journal, std::string("\0\0\0\0\0\0\0\2", 8));
  damage.advance_cursor("lost", 99);
  ASSERT_TRUE(commit(std::move(damage)).ok());
  const auto report = verify(*store, RecordChecks(), {});

  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problem_count, 4U);
}

TEST_F(StoreTest, ASecondProcessCannotOpenIt) {
  const auto second = Store::open({.path = dir / "db"});

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.code(), ErrorCode::io);
}

TEST_F(StoreTest, TheReadPoolRefusesBeyondItsBound) {
  std::promise<void> release, started;
  auto gate = release.get_future().share();
  ReadPool pool(*store, 1, 2);  // ends before what its job waits for
  ASSERT_TRUE(pool.post([&](const Store&) {
                    started.set_value();
                    gate.wait();
                  })
                  .ok());
  started.get_future().wait();

  EXPECT_TRUE(pool.post([](const Store&) {}).ok());
  EXPECT_TRUE(pool.post([](const Store&) {}).ok());
  EXPECT_EQ(pool.post([](const Store&) {}).code(), ErrorCode::overloaded);
  release.set_value();
}

TEST_F(StoreTest, AnIdleReadPoolHasRunAllThatWasQueued) {
  ReadPool pool(*store, 2, 100);
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> ran = 0;
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.post([&](const Store&) { ++ran; }).ok());
    pool.wait_until_idle();
    ASSERT_EQ(ran, 20);
  }
}

}  // namespace
}  // namespace troupe::storage

// What leaves the journal and the idempotency records, and what must not.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/records.hpp"
#include "storage/retention.hpp"
#include "storage/store.hpp"
#include "storage/verify.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::storage {
namespace {

using namespace std::chrono_literals;

/// Long after anything that a test writes.
constexpr std::uint64_t kLater = 4'000'000'000'000;

struct RetentionTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<Store> store = open();
  std::unique_ptr<Writer> writer = std::make_unique<Writer>(*store, metrics);

  std::unique_ptr<Store> open() const {
    auto opened = Store::open({.path = dir / "db"});
    EXPECT_TRUE(opened.ok()) << opened.error().detail;
    return std::move(*opened);
  }
  void commit(Batch batch) {
    ASSERT_TRUE(writer->submit(std::move(batch), {}).ok());
    writer->flush();
  }
  void append(int events) {
    Batch batch;
    for (int i = 0; i < events; ++i) batch.append({"e/1", "t", "p"});
    commit(std::move(batch));
  }
  void move_cursor(std::string_view consumer, std::uint64_t next) {
    Batch batch;
    batch.advance_cursor(consumer, next);
    commit(std::move(batch));
  }
  void reopen() {
    writer.reset();
    store.reset();
    store = open();
    writer = std::make_unique<Writer>(*store, metrics);
  }
};

TEST_F(RetentionTest, EventsGoWhenTheSlowestConsumerHasPassedThem) {
  append(10);
  move_cursor("fast", 11);
  move_cursor("slow", 4);

  EXPECT_EQ(*plan_trim(*store, {}, kLater), (JournalTrim{1, 4, false}));
}

TEST_F(RetentionTest, AConsumerThatHasReadNothingYetHoldsAll) {
  append(10);
  move_cursor("fast", 11);

  EXPECT_EQ(*plan_trim(*store, {.consumers = {"new"}}, kLater), (JournalTrim{1, 1, false}));
}

TEST_F(RetentionTest, YoungEventsStayWhateverTheCursors) {
  append(10);
  move_cursor("fast", 11);
  const auto written = read_journal(*store, 1, 1)->front().time_ms;

  EXPECT_EQ(plan_trim(*store, {.journal_age = 1h}, written + 3'600'000)->end, 1U);
  EXPECT_EQ(plan_trim(*store, {.journal_age = 1h}, written + 3'700'000)->end, 11U);
}

TEST_F(RetentionTest, ARoundIsBounded) {
  append(10);

  EXPECT_EQ(*plan_trim(*store, {.max_events = 4}, kLater), (JournalTrim{1, 5, true}));
}

TEST_F(RetentionTest, OffsetsOfAnEmptiedJournalAreNotGivenOutAgain) {
  append(10);
  commit(trim_batch(*plan_trim(*store, {}, kLater)));
  EXPECT_TRUE(read_journal(*store, 1, 100)->empty());

  reopen();
  append(1);

  ASSERT_EQ(read_journal(*store, 1, 100)->size(), 1U);
  EXPECT_EQ(read_journal(*store, 1, 100)->front().offset, 11U);
  EXPECT_EQ(*journal_begin(*store), 11U);
  EXPECT_EQ(*journal_end(*store), 12U);
}

TEST_F(RetentionTest, ATrimmedJournalVerifiesAndALostFirstEventDoesNot) {
  append(10);
  move_cursor("c", 6);
  commit(trim_batch(*plan_trim(*store, {}, kLater)));
  EXPECT_TRUE(verify(*store, RecordChecks(), {})->ok());

  Batch damage;
  damage.erase(Family::journal, journal_key(6));
  commit(std::move(damage));

  EXPECT_EQ(verify(*store, RecordChecks(), {})->problem_count, 1U);
}

TEST_F(RetentionTest, ACursorBeyondAnEmptiedJournalIsReportedOnlyPastItsEnd) {
  append(10);
  move_cursor("c", 11);
  commit(trim_batch(*plan_trim(*store, {}, kLater)));
  EXPECT_TRUE(verify(*store, RecordChecks(), {})->ok());

  move_cursor("c", 12);

  EXPECT_EQ(verify(*store, RecordChecks(), {})->problem_count, 1U);
}

TEST_F(RetentionTest, TheBackgroundTrimsRoundByRoundUntilNothingIsLeft) {
  append(25);
  while (static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / 1ms) <=
         read_journal(*store, 25, 1)->front().time_ms)
    std::this_thread::yield();
  const Retention retention(*store, *writer, metrics,
                            {.journal_age = 0ms, .consumers = {}, .max_events = 10, .every = 1ms});

  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (*journal_begin(*store) != 26 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();

  EXPECT_EQ(*journal_begin(*store), 26U);
  EXPECT_TRUE(read_journal(*store, 1, 100)->empty());
}

TEST_F(RetentionTest, CompactionRemovesExpiredIdempotencyRecordsAndNoOthers) {
  Batch batch;
  batch.remember("s", "old", "r", 1'000);
  batch.remember("s", "new", "r", kLater);
  batch.put(Family::idempotency, idempotency_key("s", "bad"), "no FlatBuffer");
  commit(std::move(batch));

  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  auto* family = store->handle(Family::idempotency);
  ASSERT_TRUE(store->db().CompactRange(all, family, nullptr, nullptr).ok());

  EXPECT_FALSE(store->get(Family::idempotency, idempotency_key("s", "old"))->has_value());
  EXPECT_EQ(**store->remembered("s", "new", 5), "r");
  EXPECT_TRUE(store->get(Family::idempotency, idempotency_key("s", "bad"))->has_value());
}

}  // namespace
}  // namespace troupe::storage

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "net/api/play_outbox.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;

const auto kNow = PlayOutbox::TimePoint{} + 1h;
const auto kDelta = std::make_shared<const std::string>("delta");

game::SnapshotHead head(std::uint32_t tick) {
  game::SnapshotHead out;
  out.tick = tick;
  return out;
}

/// The tick of a snapshot's payload; 0: it is none.
std::uint32_t tick_of(std::string_view payload) {
  if (payload.empty() || payload[0] != game::kUnreliableChannel) return 0;
  payload.remove_prefix(1);
  return game::take_head(payload, 0, 0)->tick;
}

TEST(PlayOutbox, SaysReliableMessagesFirstAndOnlyTheNewestSnapshot) {
  PlayOutbox outbox;
  EXPECT_FALSE(outbox.put(head(1), kDelta));
  EXPECT_TRUE(outbox.put(head(2), kDelta));
  ASSERT_TRUE(outbox.post("one"));
  ASSERT_TRUE(outbox.post("two"));

  EXPECT_EQ(outbox.next(0, kNow), std::string(1, '\0') + "one");
  EXPECT_EQ(outbox.next(0, kNow), std::string(1, '\0') + "two");
  EXPECT_EQ(tick_of(outbox.next(0, kNow)), 2U);
  EXPECT_TRUE(outbox.next(0, kNow).empty());
}

TEST(PlayOutbox, WhileBytesWaitForTheSocketNoSnapshotJoinsThem) {
  PlayOutbox outbox;
  for (std::uint32_t tick = 1; tick <= 100; ++tick) {
    outbox.put(head(tick), kDelta);
    EXPECT_TRUE(outbox.next(/*unsent=*/1, kNow).empty());
  }
  EXPECT_EQ(tick_of(outbox.next(0, kNow)), 100U);
  EXPECT_EQ(outbox.snapshots(), 1U);
}

TEST(PlayOutbox, WhoAcknowledgesNothingIsOnlyTrickledTo) {
  PlayOutbox outbox;
  auto now = kNow;
  std::size_t sent = 0;
  for (std::uint32_t tick = 1; tick <= 330; ++tick, now += 33ms) {
    outbox.put(head(tick), kDelta);
    if (!outbox.next(0, now).empty()) ++sent;
  }
  EXPECT_GE(sent, PlayOutbox::kMostUnacknowledged + 30);
  EXPECT_LE(sent, PlayOutbox::kMostUnacknowledged + 40) << "four a second, for ten seconds";

  outbox.acknowledge(330);
  outbox.put(head(331), kDelta);
  EXPECT_EQ(tick_of(outbox.next(0, now)), 331U);
}

TEST(PlayOutbox, TicksOfAnotherHistoryAreNotHeldBackByThoseOfTheLast) {
  PlayOutbox outbox;
  for (std::uint32_t tick = 1'000; tick < 1'000 + PlayOutbox::kMostUnacknowledged - 1; ++tick) {
    outbox.put(head(tick), kDelta);
    EXPECT_FALSE(outbox.next(0, kNow).empty());
  }
  for (std::uint32_t tick = 1; tick < PlayOutbox::kMostUnacknowledged; ++tick) {
    outbox.put(head(tick), kDelta);
    EXPECT_EQ(tick_of(outbox.next(0, kNow)), tick);
  }
}

TEST(PlayOutbox, ReliableMessagesAreBoundedAndWaitForASocketThatIsFull) {
  PlayOutbox outbox;
  for (std::size_t i = 0; i < PlayOutbox::kMostMessages; ++i) ASSERT_TRUE(outbox.post("m"));
  EXPECT_FALSE(outbox.post("one too many"));
  EXPECT_TRUE(outbox.next(PlayOutbox::kMostUnsent + 1, kNow).empty());
  EXPECT_FALSE(outbox.next(PlayOutbox::kMostUnsent, kNow).empty());
}

}  // namespace
}  // namespace troupe::api

// A session's polls without their actor.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "actors/live/poll_store.hpp"
#include "actors/live/polls.hpp"

namespace troupe::live {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kNow = 1'000'000;

struct LivePolls : ::testing::Test {
  PollDesk desk{"s", {}};
  PollDesk::TimePoint now{1h};

  Result<PollDesk::Change> open(std::uint64_t seconds = 0) {
    return desk.open("alice", {"Tea?", {"yes", "no", "later"}, seconds}, kNow);
  }
  Result<PollDesk::Change> vote(const std::string& user, std::uint64_t option,
                                std::uint64_t number = 1, std::uint64_t now_ms = kNow) {
    return desk.vote(user, {number, option}, now_ms, now);
  }
  std::vector<std::uint32_t> votes() { return desk.polls().back().votes; }
};

TEST_F(LivePolls, EachUserHasOneVoteAndMayChangeIt) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(vote("bob", 0).ok());
  ASSERT_TRUE(vote("bob", 0).ok()) << "the same again";
  ASSERT_TRUE(vote("carol", 0).ok());
  EXPECT_EQ(votes(), (std::vector<std::uint32_t>{2, 0, 0}));

  ASSERT_TRUE(vote("bob", 2).ok());

  EXPECT_EQ(votes(), (std::vector<std::uint32_t>{1, 0, 1}));
  EXPECT_EQ(desk.vote_of("bob"), 2U);
  EXPECT_EQ(desk.vote_of("dave"), std::nullopt);
}

TEST_F(LivePolls, OneIsOpenAtATimeAndNumbersAscend) {
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(open().code(), ErrorCode::conflict);
  ASSERT_TRUE(desk.close("alice", 1, kNow + 1).ok());
  EXPECT_EQ(desk.close("alice", 1, kNow + 1).code(), ErrorCode::conflict);
  EXPECT_EQ(desk.close("alice", 7, kNow + 1).code(), ErrorCode::not_found);

  EXPECT_EQ(open()->poll.number, 2U);
}

TEST_F(LivePolls, VotesThatMakeNoSenseAreRefused) {
  EXPECT_EQ(vote("bob", 0).code(), ErrorCode::not_found);
  ASSERT_TRUE(open(10).ok());
  EXPECT_EQ(vote("bob", 3).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(vote("bob", 1, 2).code(), ErrorCode::not_found);
  EXPECT_EQ(vote("bob", 1, 1, kNow + 10'000).code(), ErrorCode::conflict) << "its time is over";
  for (int i = 0; i < 4; ++i) static_cast<void>(vote("bob", 1));
  static_cast<void>(vote("bob", 1));
  EXPECT_EQ(vote("bob", 1).code(), ErrorCode::rate_limited);
}

TEST_F(LivePolls, ItClosesWhenItsTimeIsOverAndKeepsTheSums) {
  ASSERT_TRUE(open(10).ok());
  ASSERT_TRUE(vote("bob", 1).ok());
  EXPECT_FALSE(desk.close_due(kNow + 9'999).has_value());

  const auto closed = desk.close_due(kNow + 12'000);

  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->poll.closed_ms, kNow + 10'000);
  EXPECT_EQ(closed->poll.votes, (std::vector<std::uint32_t>{0, 1, 0}));
  EXPECT_EQ(desk.running(), nullptr);
  EXPECT_EQ(vote("carol", 1).code(), ErrorCode::conflict);
}

TEST_F(LivePolls, QuestionsAndOptionsHaveBounds) {
  const auto code = [&](OpenPoll what) { return desk.open("a", what, kNow).code(); };
  EXPECT_EQ(code({"", {"a", "b"}, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({"q", {"a"}, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({"q", std::vector<std::string>(11, "a"), 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({"q", {"a", "a"}, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({"q", {"a", "b\n"}, 0}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({"q", {"a", "b"}, 4}), ErrorCode::invalid_argument);
  EXPECT_EQ(code({std::string(201, 'q'), {"a", "b"}, 0}), ErrorCode::too_large);
  EXPECT_EQ(code({"q", {"a", std::string(101, 'b')}, 0}), ErrorCode::too_large);
}

TEST_F(LivePolls, OnlyTheLastFiftyAreKept) {
  for (std::uint64_t number = 1; number <= kKeptPolls + 1; ++number) {
    ASSERT_TRUE(open().ok());
    ASSERT_TRUE(desk.close("alice", number, kNow).ok());
  }

  EXPECT_EQ(desk.polls().size(), kKeptPolls);
  EXPECT_EQ(desk.polls().front().number, 2U);
}

TEST_F(LivePolls, StoredVotesAreCountedAgain) {
  const auto poll = open()->poll;
  StoredPolls stored{{poll}, {{"bob", 2}, {"carol", 2}, {"mallory", 9}}};

  const PollDesk again("s", std::move(stored));

  EXPECT_EQ(again.running()->votes, (std::vector<std::uint32_t>{0, 0, 2}));
}

TEST_F(LivePolls, RecordsReadBackAndBrokenOnesAreRefused) {
  ASSERT_TRUE(open(30).ok());
  ASSERT_TRUE(vote("bob", 1).ok());
  const auto poll = desk.close("alice", 1, kNow + 5)->poll;

  const auto bytes = encode_poll(poll);

  EXPECT_EQ(decode_poll(1, bytes), poll);
  EXPECT_EQ(decode_poll(1, bytes.substr(0, bytes.size() / 2)), std::nullopt);
  EXPECT_EQ(decode_poll(1, encode_poll(Poll{})), std::nullopt) << "without options";
}

}  // namespace
}  // namespace troupe::live

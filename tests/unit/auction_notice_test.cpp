#include <gtest/gtest.h>

#include "actors/auction/notice_log.hpp"

namespace troupe::auction {
namespace {

TEST(NoticeLog, RemembersABidUntilNoNoticeForItCanCome) {
  NoticeLog log(1'000);
  log.insert("a", 10);
  log.insert("b", 500);
  log.insert("a", 600);

  EXPECT_TRUE(log.expire(1'010, 100).empty());
  EXPECT_EQ(log.expire(1'011, 100), std::vector<std::string>{"a"});
  EXPECT_FALSE(log.contains("a"));
  EXPECT_TRUE(log.contains("b"));
}

TEST(NoticeLog, ItsSizeFollowsTheRateAndNotTheNumber) {
  NoticeLog log(1'000);

  for (std::uint64_t now = 0; now < 100'000; ++now) {
    log.insert(std::to_string(now), now);
    log.expire(now, 100);
  }

  EXPECT_LE(log.size(), 1'001U);
}

TEST(NoticeLog, ForgetsNoMoreThanItIsAskedTo) {
  NoticeLog log(0);
  for (std::uint64_t i = 0; i < 5; ++i) log.insert(std::to_string(i), i);

  EXPECT_EQ(log.expire(1'000, 2), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(log.size(), 3U);
}

}  // namespace
}  // namespace troupe::auction

// A body that is still being made, between its maker and a connection.
#include <gtest/gtest.h>

#include "net/http/body_feed.hpp"

namespace troupe::http {
namespace {

BodyFeed::Bytes bytes(const std::string& text) {
  return std::make_shared<const std::string>(text);
}

TEST(BodyFeed, GivesWhatWaitsAndWakesOnceWhenMoreComes) {
  BodyFeed feed;
  int woken = 0;
  ASSERT_TRUE(feed.push(bytes("a")));
  ASSERT_TRUE(feed.push(bytes("b")));

  const auto first = feed.take([&] { ++woken; });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->bytes.size(), 2U);
  EXPECT_FALSE(feed.take([&] { ++woken; }));
  feed.push(bytes("c"));
  feed.push(bytes("d"));
  feed.end();

  EXPECT_EQ(woken, 1);
  const auto last = feed.take([] {});
  EXPECT_EQ(last->bytes.size(), 2U);
  EXPECT_TRUE(last->ended);
  EXPECT_FALSE(last->broken);
}

TEST(BodyFeed, BreaksOffForAClientThatLetsTooMuchWait) {
  BodyFeed feed(10);

  EXPECT_TRUE(feed.push(bytes("0123456789")));
  EXPECT_FALSE(feed.push(bytes("0")));

  const auto taken = feed.take([] {});
  EXPECT_TRUE(taken->broken);
  EXPECT_TRUE(taken->bytes.empty());
}

TEST(BodyFeed, TakesNothingForAClientThatIsGone) {
  BodyFeed feed;
  feed.abandon();

  EXPECT_FALSE(feed.push(bytes("a")));
}

TEST(BodyFeed, ThatIsBrokenOffIsNotWhole) {
  BodyFeed feed;
  feed.push(bytes("a"));
  feed.break_off();
  feed.end();

  EXPECT_TRUE(feed.take([] {})->broken);
}

}  // namespace
}  // namespace troupe::http

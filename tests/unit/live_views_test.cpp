// How many views an account has at once.
#include <gtest/gtest.h>

#include "net/api/live/view_book.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;

struct LiveViews : ::testing::Test {
  ViewBook book{2};
  ViewBook::TimePoint now{1h};

  Result<std::function<void()>> enter(
      const std::string& view, std::size_t most = 0, std::function<void()> replaced = [] {}) {
    return book.enter("bob", view, most, now, std::move(replaced));
  }
};

TEST_F(LiveViews, OneTooManyIsRefusedUntilAnotherLeaves) {
  const auto first = enter("a"), second = enter("b");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(enter("c").code(), ErrorCode::forbidden);
  EXPECT_TRUE(book.enter("carol", "c", 0, now, [] {}).ok()) << "another account";

  (*first)();

  EXPECT_TRUE(enter("c").ok());
  EXPECT_EQ(book.views("bob", now), 2U);
}

TEST_F(LiveViews, AViewThatComesBackTakesItsOwnPlace) {
  int replaced = 0;
  const auto lost = enter("a", 0, [&] { ++replaced; });
  ASSERT_TRUE(enter("b").ok());

  const auto back = enter("a");

  ASSERT_TRUE(back.ok()) << "though the lost connection has not been noticed";
  EXPECT_EQ(replaced, 1);
  (*lost)();
  EXPECT_EQ(book.views("bob", now), 2U) << "what was lost takes nobody's place with it";
  (*back)();
  EXPECT_EQ(book.views("bob", now), 1U);
}

TEST_F(LiveViews, AConnectionAndAPlayerOfOneNameAreTwo) {
  ASSERT_TRUE(book.seen("bob", "p", 0, now).ok());
  ASSERT_TRUE(enter("p").ok());
  ASSERT_TRUE(enter("player/p").code() == ErrorCode::forbidden);

  EXPECT_EQ(book.views("bob", now), 2U);
  EXPECT_TRUE(book.seen("bob", "p", 0, now).ok());
}

TEST_F(LiveViews, PlayersCountUntilTheyHaveNotAskedForAWhile) {
  EXPECT_TRUE(book.seen("bob", "p", 0, now).ok());
  EXPECT_TRUE(book.seen("bob", "q", 0, now).ok());
  EXPECT_EQ(book.seen("bob", "r", 0, now).code(), ErrorCode::forbidden);
  now += 10s;
  EXPECT_TRUE(book.seen("bob", "p", 0, now).ok());
  now += 6s;

  EXPECT_EQ(book.views("bob", now), 1U);
  EXPECT_TRUE(enter("w").ok());
  EXPECT_EQ(enter("x").code(), ErrorCode::forbidden);
}

TEST_F(LiveViews, ASessionMayHaveItsOwnBound) {
  ASSERT_TRUE(enter("a").ok());
  EXPECT_EQ(enter("b", 1).code(), ErrorCode::forbidden);
  EXPECT_TRUE(enter("b", 3).ok());
  EXPECT_TRUE(enter("c", 3).ok());
  EXPECT_EQ(enter("d", 3).code(), ErrorCode::forbidden);
  ViewBook free(0);
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(free.enter("bob", std::to_string(i), 0, now, [] {}).ok());
}

TEST_F(LiveViews, PlayersOfSessionsWithoutABoundCountForOthersButNotWithoutEnd) {
  ViewBook free(0);
  ASSERT_TRUE(free.seen("bob", "a", 0, now).ok());
  EXPECT_EQ(free.seen("bob", "b", 1, now).code(), ErrorCode::forbidden) << "bob watches already";
  EXPECT_TRUE(free.seen("bob", "a", 1, now).ok()) << "the same player";

  for (int i = 0; i < 5'000; ++i) EXPECT_TRUE(free.seen("bob", std::to_string(i), 0, now).ok());

  EXPECT_EQ(free.views("bob", now), ViewBook::kMostCounted);
  EXPECT_EQ(free.seen("bob", "c", ViewBook::kMostCounted, now).code(), ErrorCode::forbidden);
  now += ViewBook::kPlayerGone + 1s;
  EXPECT_TRUE(free.seen("bob", "c", 1, now).ok());
}

TEST_F(LiveViews, APlayerThatWasGoneHasNoPlaceAnyMore) {
  ASSERT_TRUE(book.seen("bob", "p", 2, now).ok());
  now += 10s;
  ASSERT_TRUE(book.seen("bob", "q", 2, now).ok());
  now += 6s;

  EXPECT_EQ(book.seen("bob", "p", 1, now).code(), ErrorCode::forbidden);
}

}  // namespace
}  // namespace troupe::api

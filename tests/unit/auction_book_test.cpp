#include <deque>
#include <functional>

#include <gtest/gtest.h>

#include "actors/auction/campaign_book.hpp"

namespace troupe::auction {
namespace {

std::shared_ptr<const Bidder> bidder(const std::string& id, bool active = true) {
  Campaign c;
  c.id = id;
  c.active = active;
  return std::make_shared<const Bidder>(Bidder{c, std::make_shared<Allowance>(0), 1});
}

/// A pool whose tasks run when the test says so.
struct Pool {
  std::deque<std::function<void()>> tasks;
  bool full = false;

  std::shared_ptr<CampaignBook> book() {
    return std::make_shared<CampaignBook>([this](std::function<void()> task) {
      if (!full) tasks.push_back(std::move(task));
      return !full;
    });
  }
  void run_one() {
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }
};

TEST(CampaignBook, ManyChangesInARowCostOneRebuild) {
  Pool pool;
  const auto book = pool.book();

  for (int i = 0; i < 1'000; ++i) book->publish(bidder(std::to_string(i)));

  ASSERT_EQ(pool.tasks.size(), 1U);
  pool.run_one();
  EXPECT_EQ(book->index()->size(), 1'000U);
  EXPECT_TRUE(pool.tasks.empty());
}

TEST(CampaignBook, AChangeAfterARebuildBringsAnother) {
  Pool pool;
  const auto book = pool.book();
  book->publish(bidder("a"));
  pool.run_one();

  book->publish(bidder("a", false));
  pool.run_one();

  EXPECT_EQ(book->index()->size(), 0U);
}

TEST(CampaignBook, AFullPoolDoesNotLeaveAuctionsWithOldCampaigns) {
  Pool pool;
  pool.full = true;
  const auto book = pool.book();

  book->publish(bidder("a"));
  book->publish(bidder("b"));
  book->withdraw("a");

  EXPECT_EQ(book->index()->size(), 1U);
}

}  // namespace
}  // namespace troupe::auction

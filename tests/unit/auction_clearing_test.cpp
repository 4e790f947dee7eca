#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "actors/auction/clearing.hpp"

namespace troupe::auction {
namespace {

constexpr Micros kUnit = 1'000'000;

Micros cents(int value) {
  return value * kUnit / 100;
}

std::vector<Bid> bids(const std::vector<int>& prices) {
  std::vector<Bid> out;
  for (std::size_t i = 0; i < prices.size(); ++i) {
    out.push_back({"bid" + std::to_string(i), "seat" + std::to_string(i), cents(prices[i]), {}});
  }
  return out;
}

// The example of OpenRTB 2.6 section 4.4 (substitution macros): floor 0.85, bids 1.00, 0.90, 0.80,
// increment 0.01.
TEST(Clearing, TheSpecificationsExampleAtSecondPrice) {
  const Impression imp{.id = "1", .floor = cents(85)};

  const auto result = clear(imp, 2, bids({100, 90, 80}), 1);

  ASSERT_EQ(result.winner, 0U);
  EXPECT_EQ(result.price, cents(91));
  EXPECT_EQ(result.outcomes[0].reason, LossReason::won);
  EXPECT_EQ(result.outcomes[1].reason, LossReason::lost_to_higher_bid);
  EXPECT_EQ(result.outcomes[2].reason, LossReason::below_floor);
  EXPECT_EQ(result.outcomes[0].min_to_win, cents(90));
  EXPECT_EQ(result.outcomes[1].min_to_win, cents(91));
  EXPECT_EQ(result.outcomes[2].min_to_win, cents(91));
}

TEST(Clearing, TheSpecificationsExampleAtFirstPrice) {
  const Impression imp{.id = "1", .floor = cents(85)};

  const auto result = clear(imp, 1, bids({100, 90, 80}), 1);

  EXPECT_EQ(result.price, cents(100));
  EXPECT_EQ(result.outcomes[0].min_to_win, cents(90));
  EXPECT_EQ(result.outcomes[1].min_to_win, cents(100));
  EXPECT_EQ(result.outcomes[2].min_to_win, cents(100));
}

TEST(Clearing, EqualTopBidsPayTheirOwnBid) {
  EXPECT_EQ(clear({.id = "1"}, 2, bids({50, 50}), 7).price, cents(50));
}

TEST(Clearing, ALoneBidPaysTheFloor) {
  EXPECT_EQ(clear({.id = "1", .floor = cents(20)}, 2, bids({50}), 7).price, cents(20));
}

TEST(Clearing, ASeatDoesNotBidItselfUp) {
  auto own = bids({100, 90, 30});
  own[1].seat = own[0].seat;

  EXPECT_EQ(clear({.id = "1"}, 2, own, 7).price, cents(31));
}

TEST(Clearing, ADealBeatsAHigherOpenBidAndNeverPaysAboveItsOwn) {
  const Impression imp{.id = "1", .floor = cents(10), .deals = {{"d", cents(40), 0, {}}}};
  auto mixed = bids({100, 50});
  mixed[1].deal_id = "d";

  const auto result = clear(imp, 2, mixed, 7);

  ASSERT_EQ(result.winner, 1U);
  EXPECT_EQ(result.price, cents(40));
  EXPECT_EQ(result.outcomes[0].reason, LossReason::lost_to_deal);
}

TEST(Clearing, AFixedPriceDealPaysItsFloor) {
  const Impression imp{.id = "1", .deals = {{"d", cents(40), 3, {}}}};
  auto deal = bids({70});
  deal[0].deal_id = "d";

  EXPECT_EQ(clear(imp, 2, deal, 7).price, cents(40));
}

TEST(Clearing, APrivateAuctionTakesDealsOnly) {
  const Impression imp{.id = "1", .private_auction = true, .deals = {{"d", cents(40), 0, {}}}};

  EXPECT_FALSE(clear(imp, 2, bids({100}), 7).winner);
}

TEST(Clearing, TheSameSeedGivesTheSameWinnerAndSeedsShareTies) {
  const auto equal = bids({50, 50, 50, 50});
  std::vector<int> won(4);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const auto first = clear({.id = "1"}, 2, equal, seed);

    ASSERT_EQ(first.winner, clear({.id = "1"}, 2, equal, seed).winner);
    ++won[*first.winner];
  }
  for (const auto n : won) EXPECT_GT(n, 40);
}

// Against a direct reading of the rules, for open auctions of distinct seats.
TEST(Clearing, AgreesWithABruteForceReading) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<int> prices(1 + random() % 8);
    for (auto& price : prices) price = static_cast<int>(random() % 100);
    const int floor = static_cast<int>(random() % 60);

    const auto result = clear({.id = "1", .floor = cents(floor)}, 2, bids(prices), seed);

    std::vector<int> valid;
    std::copy_if(prices.begin(), prices.end(), std::back_inserter(valid),
                 [&](int p) { return p >= floor && p > 0; });
    std::sort(valid.rbegin(), valid.rend());
    ASSERT_EQ(result.winner.has_value(), !valid.empty());
    if (valid.empty()) continue;
    const int expected =
        std::min(valid[0], valid.size() > 1 ? std::max(floor, valid[1] + 1) : floor);
    EXPECT_EQ(result.price, cents(expected));
    EXPECT_EQ(prices[*result.winner], valid[0]);
    EXPECT_LE(result.price, cents(valid[0]));
    EXPECT_GE(result.price, cents(floor));
  }
}

}  // namespace
}  // namespace troupe::auction

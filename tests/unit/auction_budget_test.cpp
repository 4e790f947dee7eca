#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/auction/budget.hpp"
#include "actors/auction/frequency.hpp"
#include "actors/auction/notice.hpp"

namespace troupe::auction {
namespace {

TEST(Allowance, NeverPromisesMoreThanWasGrantedAlsoFromManyThreads) {
  Allowance allowance(900'000);
  allowance.grant(100'000);
  std::atomic<Nanos> promised{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (allowance.reserve(7, 1'000'000)) promised += 7;
      }
    });
  }
  for (auto& thread : threads) thread.join();

  EXPECT_LE(promised, 100'000);
  EXPECT_EQ(promised + allowance.available(), 100'000);
  EXPECT_EQ(allowance.reserved(), promised);
}

TEST(Allowance, WhatExpiresUnbilledComesBackAndWhatWasBilledDoesNot) {
  Allowance allowance(900'000);
  allowance.grant(100);
  ASSERT_TRUE(allowance.reserve(60, 1'000'000));
  ASSERT_TRUE(allowance.reserve(40, 1'000'000));
  ASSERT_TRUE(allowance.settle(60, 1'000'000));

  EXPECT_EQ(allowance.expire(1'000'000), 0);
  EXPECT_EQ(allowance.expire(1'000'000 + 3 * kBucketMs), 40);

  EXPECT_EQ(allowance.available(), 40);
  EXPECT_FALSE(allowance.settle(40, 1'000'000)) << "billed after it had expired";
}

TEST(Allowance, RefusesWhenItsBucketsWereNotExpiredForTooLong) {
  Allowance allowance(900'000);
  allowance.grant(100);

  EXPECT_FALSE(allowance.reserve(1, 900'000 + kBuckets * kBucketMs));
  allowance.expire(1'000'000);
  EXPECT_TRUE(allowance.reserve(1, 900'000 + kBuckets * kBucketMs));
}

// The whole life of a budget with crashes at random points: what is durable is (leased, settled); a
// crash forgets reservations and the allowance. However it goes, no more than the budget is ever
// billed.
TEST(Ledger, ABudgetIsNeverOverspentAcrossCrashes) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    struct Promise {
      Nanos price;
      std::uint64_t expires;
      int epoch;
    };
    Ledger durable{.budget = 5'000 + static_cast<Nanos>(random() % 5'000)};
    std::vector<Promise> outstanding;
    std::uint64_t now = 10'000'000, inherited_until = 0;
    auto allowance = std::make_unique<Allowance>(now);
    int epoch = 0;
    Nanos inherited = 0, billed = 0;
    for (int step = 0; step < 2'000; ++step) {
      now += random() % 5'000;
      switch (random() % 6) {
        case 0: {
          const auto amount = durable.next_lease(200);
          durable.leased += amount;  // synced …
          if (random() % 10 != 0)
            allowance->grant(amount);  // … and lost before it was granted, at times
          break;
        }
        case 1:
        case 2: {
          const Nanos price = 1 + static_cast<Nanos>(random() % 50);
          if (allowance->reserve(price, now + kBidExpiryMs))
            outstanding.push_back({price, now + kBidExpiryMs, epoch});
          break;
        }
        case 3: {
          if (outstanding.empty()) break;
          const auto at = random() % outstanding.size();
          const auto promise = outstanding[at];
          outstanding.erase(outstanding.begin() + static_cast<std::ptrdiff_t>(at));
          bool taken = false;
          if (promise.expires >= now) {
            if (promise.epoch == epoch) {
              taken = allowance->settle(promise.price, promise.expires);
            } else if (now < inherited_until && inherited >= promise.price) {
              inherited -= promise.price;
              taken = true;
            }
          }
          if (taken) {
            durable.settled += promise.price;
            billed += promise.price;
          }
          break;
        }
        case 4:
          allowance->expire(now);
          if (inherited > 0 && now >= inherited_until)
            allowance->grant(std::exchange(inherited, 0));
          break;
        case 5:
          if (random() % 20 != 0) break;
          ++epoch;  // crash and restart
          allowance = std::make_unique<Allowance>(now);
          inherited = durable.leased - durable.settled;
          inherited_until = now + kBidExpiryMs + 2 * kBucketMs;
          break;
      }
      ASSERT_TRUE(durable.holds()) << "settled " << durable.settled << " leased " << durable.leased;
      ASSERT_LE(billed, durable.budget);
    }
  }
}

TEST(FrequencyCaps, CapsEachUserWithinTheWindow) {
  FrequencyCaps caps(100);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(caps.allows("u", "c", 2, 60, 1'000));
    caps.shown("u", "c", 60, 1'000);
  }

  EXPECT_FALSE(caps.allows("u", "c", 2, 60, 60'999));
  EXPECT_TRUE(caps.allows("u", "c", 2, 60, 61'000));
  EXPECT_TRUE(caps.allows("v", "c", 2, 60, 1'000));
  EXPECT_FALSE(caps.allows("", "c", 2, 60, 1'000)) << "nobody to count";
}

TEST(FrequencyCaps, ForgetsTheLeastRecentBeyondItsBound) {
  FrequencyCaps caps(10);
  for (int i = 0; i < 1'000; ++i) caps.shown("u" + std::to_string(i), "c", 60, 0);

  EXPECT_EQ(caps.size(), 10U);
}

TEST(NoticeSeal, OpensOnlyWhatItSealedItself) {
  const NoticeSeal seal("a secret"), other("another");
  const Notice notice{make_id(), make_id(), 910'000, 1'700'000'000'000, 42};
  const auto text = seal.seal(notice);

  EXPECT_EQ(seal.open(text), notice);
  EXPECT_FALSE(other.open(text));
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto forged = text;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(seal.open(forged), notice);
  }
  EXPECT_FALSE(seal.open(""));
  EXPECT_FALSE(seal.open(text + "A"));
}

}  // namespace
}  // namespace troupe::auction

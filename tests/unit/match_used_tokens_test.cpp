#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "net/udp/used_tokens.hpp"

namespace troupe::udp {
namespace {

TEST(UsedTokens, ATokenIsTakenOnceUntilItExpires) {
  UsedTokens tokens;

  EXPECT_TRUE(tokens.take("a", 100, 40));
  EXPECT_FALSE(tokens.take("a", 100, 41));
  EXPECT_FALSE(tokens.take("a", 100, 100));
  EXPECT_TRUE(tokens.take("b", 160, 100));
  EXPECT_EQ(tokens.size(), 2U);
  EXPECT_TRUE(tokens.take("c", 161, 101));
  EXPECT_EQ(tokens.size(), 2U) << "the first has expired";
}

TEST(UsedTokens, ThereIsABoundAndEvenAtItEachCallIsCheap) {
  UsedTokens tokens;
  for (std::size_t i = 0; i < UsedTokens::kMost; ++i)
    ASSERT_TRUE(tokens.take(std::to_string(i), 1'000 + static_cast<std::int64_t>(i % 60), 900));

  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 100'000; ++i) ASSERT_FALSE(tokens.take("x" + std::to_string(i), 1'060, 950));
  const auto took = std::chrono::steady_clock::now() - began;

  EXPECT_LT(took, std::chrono::seconds(1));
  EXPECT_EQ(tokens.size(), UsedTokens::kMost);
  EXPECT_TRUE(tokens.take("later", 1'100, 1'001)) << "those of second 1,000 have expired";
}

}  // namespace
}  // namespace troupe::udp

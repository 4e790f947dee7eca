#include <atomic>

#include <gtest/gtest.h>

#include "sim/ads_sim.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

TEST(AuctionLoad, ConcurrentAuctionsAndBillsKeepEveryBudget) {
  ServerProcess server;
  sim::Progress progress(false);
  const std::atomic<bool> never{false};
  sim::AdsSimOptions options;
  options.campaigns = 60;
  options.rate = 500;
  options.duration = std::chrono::seconds(2);
  options.connections = 16;
  options.tmax_ms = 1'000;

  const auto section = sim::run_ads(server.endpoint(), options, progress, never);

  ASSERT_TRUE(section.ok()) << section.error().detail;
  for (const auto& failure : section->failures) ADD_FAILURE() << failure;
  EXPECT_GT(section->latencies.at("bill").count(), 0U);
}

}  // namespace
}  // namespace troupe::test

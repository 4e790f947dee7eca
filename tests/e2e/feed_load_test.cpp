// The feed simulator against a real server: its own checks must hold.
#include <algorithm>

#include <gtest/gtest.h>

#include "sim/feed_sim.hpp"
#include "tests/support/server_process.hpp"

namespace troupe::test {
namespace {

TEST(FeedLoad, EachAcknowledgedPostIsOnEachFollowersTimelineOnce) {
  const ServerProcess server;
  sim::Progress progress(false);
  const std::atomic<bool> stop{false};
  const auto section = sim::run_feed(server.endpoint(),
                                     {.users = 30,
                                      .follows = 5,
                                      .posts_per_s = 40,
                                      .reads_per_s = 40,
                                      .duration = std::chrono::seconds(2),
                                      .connections = 8,
                                      .listeners = 5},
                                     progress, stop);
  ASSERT_TRUE(section.ok()) << section.error().detail;
  for (const auto& failure : section->failures) ADD_FAILURE() << failure;
  const auto row = [&](const char* name) {
    const auto it = std::find_if(section->rows.begin(), section->rows.end(),
                                 [&](const auto& r) { return r.name == name; });
    return it == section->rows.end() ? -1.0 : it->value;
  };
  EXPECT_GT(row("posts"), 0);
  EXPECT_GT(row("reads"), 0);
  EXPECT_GT(row("notices"), 0);
  EXPECT_GT(row("checked deliveries"), row("posts"));
  EXPECT_EQ(row("errors"), 0);
}

}  // namespace
}  // namespace troupe::test

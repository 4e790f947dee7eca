// What the fan-out makes of the journal: deliveries, backfills, trims; over a real store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/feed/fanout_step.hpp"
#include "base/metrics.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::feed {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

struct FanoutTest : testing::Test {
  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<storage::Store> store = std::move(*storage::Store::open({.path = dir / "db"}));
  storage::Writer writer{*store, metrics};
  Celebrities celebrities;
  FanoutLimits limits;
  std::vector<std::string> listening;

  void commit(storage::Batch batch) {
    ASSERT_TRUE(writer.submit(std::move(batch), {}).ok());
    writer.flush();
  }
  void follow(const std::string& user, const std::string& followed) {
    storage::Batch batch;
    put_follow(batch, user, followed, 1);
    batch.append({"feed/" + user, kFollowAdded,
                  R"({"user":")" + user + R"(","followed":")" + followed + "\"}"});
    commit(std::move(batch));
  }
  Post post(const std::string& author) {
    Post made{make_id_string(), author, "text", 1};
    storage::Batch batch;
    put_post(batch, made);
    batch.append({"feed/" + author, kPostCreated, encode_post(made)});
    commit(std::move(batch));
    return made;
  }
  void put_on_timeline(const std::string& user, std::size_t entries) {
    storage::Batch batch;
    for (std::size_t i = 0; i < entries; ++i) put_timeline(batch, user, make_id_string(), "x");
    commit(std::move(batch));
  }
  FanoutStep step(std::uint64_t from = 0) {
    auto read = read_fanout_step(*store, from, celebrities, limits, [&] { return listening; });
    EXPECT_TRUE(read.ok()) << read.error().detail;
    return std::move(*read);
  }
};

TEST_F(FanoutTest, APostGoesToThoseWhoFollowItsAuthor) {
  follow("bob", "ann");
  follow("eve", "ann");
  follow("eve", "bob");
  const auto made = post("ann");

  const auto read = step();

  ASSERT_THAT(read.deliveries, SizeIs(1));
  EXPECT_EQ(read.deliveries[0].post.id, made.id);
  EXPECT_THAT(read.deliveries[0].followers, UnorderedElementsAre("bob", "eve"));
  EXPECT_TRUE(step(read.next).empty()) << "the next step begins behind it";
}

TEST_F(FanoutTest, AFollowBringsTheLatestPostsOfTheFollowedAccount) {
  std::vector<std::string> made;
  for (std::size_t i = 0; i < kBackfillPosts + 5; ++i) made.push_back(post("ann").id);
  follow("bob", "ann");

  const auto read = step();

  ASSERT_THAT(read.backfills, SizeIs(1));
  EXPECT_EQ(read.backfills[0].user, "bob");
  ASSERT_THAT(read.backfills[0].entries, SizeIs(kBackfillPosts));
  EXPECT_EQ(read.backfills[0].entries.front().post.to_string(), made.back()) << "newest first";
}

// A post between the reading of the backfill and the follow used to be on neither side.
TEST_F(FanoutTest, APostBesideAFollowIsDeliveredOrBackfilled) {
  const auto before = post("ann");
  follow("bob", "ann");
  const auto after = post("ann");

  const auto read = step();

  ASSERT_THAT(read.backfills, SizeIs(1));
  EXPECT_THAT(read.backfills[0].entries, SizeIs(2));
  ASSERT_THAT(read.deliveries, SizeIs(2));
  EXPECT_THAT(read.deliveries[1].followers, ElementsAre("bob"));
}

TEST_F(FanoutTest, ACelebritysPostIsToldToThoseWhoListenAndFollowOnly) {
  limits.celebrity_followers = 2;
  for (const char* user : {"bob", "eve", "zoe"}) follow(user, "ann");
  post("ann");
  listening = {"bob", "stranger"};

  const auto read = step();

  ASSERT_THAT(read.deliveries, SizeIs(1));
  EXPECT_TRUE(read.deliveries[0].celebrity);
  EXPECT_THAT(read.deliveries[0].followers, IsEmpty());
  EXPECT_THAT(read.deliveries[0].listeners, ElementsAre("bob"));
}

TEST_F(FanoutTest, ALongTimelineIsCutToItsNewestEntries) {
  limits.timeline_keep = 200;
  limits.trim_every = 1;
  follow("bob", "ann");
  put_on_timeline("bob", 300);
  put_on_timeline("bobby", 300);
  const auto newest = *read_timeline(*store, "bob", std::nullopt, 200);
  post("ann");

  const auto read = step();
  ASSERT_THAT(read.trims, SizeIs(1));
  storage::Batch batch;
  trim_timeline(batch, read.trims[0].user, read.trims[0].oldest_kept);
  commit(std::move(batch));

  EXPECT_EQ(*read_timeline(*store, "bob", std::nullopt, 1'000), newest);
  EXPECT_THAT(*read_timeline(*store, "bobby", std::nullopt, 1'000), SizeIs(300))
      << "a name that begins alike";
}

TEST_F(FanoutTest, ATimelineWithinItsBoundIsLeftAlone) {
  limits.timeline_keep = 200;
  limits.trim_every = 1;
  follow("bob", "ann");
  put_on_timeline("bob", 200);
  post("ann");

  EXPECT_THAT(step().trims, IsEmpty());
}

TEST_F(FanoutTest, AnEventThatDoesNotVerifyIsPassedOver) {
  follow("bob", "ann");
  for (const auto* type : {kPostCreated, kFollowAdded}) {
    storage::Batch batch;
    batch.append({"feed/ann", type, "garbage"});
    commit(std::move(batch));
  }
  post("ann");

  const auto read = step();

  EXPECT_EQ(read.unreadable, 2U);
  ASSERT_THAT(read.deliveries, SizeIs(1));
  EXPECT_THAT(read.deliveries[0].followers, ElementsAre("bob"));
}

}  // namespace
}  // namespace troupe::feed

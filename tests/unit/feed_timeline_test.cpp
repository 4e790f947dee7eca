#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "actors/feed/feed_store.hpp"
#include "actors/feed/timeline.hpp"

namespace troupe::feed {
namespace {

Entry entry(std::uint64_t time, std::uint64_t author = 1) {
  Entry e;
  for (std::size_t i = 0; i < 4; ++i)
    e.post.bytes[2 + i] = static_cast<std::uint8_t>(time >> (8 * (3 - i)));
  e.author = author;
  return e;
}

TEST(Timeline, StaysNewestFirstWithoutDuplicatesWithinItsBound) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Timeline timeline(10);
    std::map<Id, Entry, std::greater<>> model;
    for (int i = 0; i < 100; ++i) {
      const auto e = entry(random() % 60);

      timeline.insert(e);

      model.emplace(e.post, e);
      ASSERT_LE(timeline.entries().size(), 10U);
      ASSERT_TRUE(std::is_sorted(timeline.entries().begin(), timeline.entries().end(),
                                 [](const Entry& a, const Entry& b) { return a.post > b.post; }));
    }
    std::size_t i = 0;
    for (const auto& [post, e] : model) {
      if (i == timeline.entries().size()) break;
      EXPECT_EQ(timeline.entries()[i++].post, post);
    }
    EXPECT_EQ(timeline.complete(), model.size() <= 10);
  }
}

TEST(Timeline, AnEntryOlderThanAFullTimelineMeansThatMoreIsOnDisk) {
  Timeline timeline(2);
  timeline.load({entry(5), entry(6)}, true);
  ASSERT_TRUE(timeline.complete());

  EXPECT_FALSE(timeline.insert(entry(1)));

  EXPECT_FALSE(timeline.complete());
}

TEST(MergeRuns, AgreesWithSortingEverything) {
  for (unsigned seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<std::vector<Entry>> runs(1 + random() % 4);
    std::vector<Entry> all;
    for (auto& run : runs) {
      for (unsigned i = 0; i < random() % 30; ++i) {
        const auto time = static_cast<std::uint32_t>(random() % 80);
        run.push_back(entry(time, time % 4));  // a post has one author, in whatever run it stands
      }
      std::sort(run.begin(), run.end(),
                [](const Entry& a, const Entry& b) { return a.post > b.post; });
      run.erase(std::unique(run.begin(), run.end()), run.end());
      all.insert(all.end(), run.begin(), run.end());
    }
    const auto before = random() % 2 == 0 ? std::optional<Id>() : entry(random() % 80).post;
    const auto limit = random() % 20;

    const auto merged = merge_runs({runs.begin(), runs.end()}, before, limit);

    std::sort(all.begin(), all.end(),
              [](const Entry& a, const Entry& b) { return a.post > b.post; });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::erase_if(all, [&](const Entry& e) { return before && e.post >= *before; });
    if (all.size() > limit) all.resize(limit);
    EXPECT_EQ(merged, all);
  }
}

TEST(FeedRecords, SurviveTheirEncodingAndRefuseGarbage) {
  const User user{"u1", "ann", "Ann", 7};
  const Post post{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "u1", "hällo \xf0\x9f\x98\x80", 8};

  EXPECT_EQ(decode_user(encode_user(user))->handle, "ann");
  EXPECT_EQ(decode_post(encode_post(post))->text, post.text);
  EXPECT_FALSE(decode_post(std::string(64, '\xff')));
}

}  // namespace
}  // namespace troupe::feed

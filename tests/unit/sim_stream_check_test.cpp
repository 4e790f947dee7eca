// What a simulated viewer notices of a stream that is not as it should be.
#include <vector>

#include <gtest/gtest.h>

#include "sim/stream_check.hpp"

namespace troupe::sim {
namespace {

std::string u32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string box(const std::string& type, const std::string& content) {
  return u32(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}
/// A picture track of a timescale of 1,000.
std::string init() {
  const auto tkhd = box("tkhd", u32(0) + u32(0) + u32(0) + u32(1) + u32(0));
  const auto mdhd = box("mdhd", u32(0) + u32(0) + u32(0) + u32(1'000) + u32(0));
  const auto hdlr = box("hdlr", u32(0) + u32(0) + "vide" + std::string(13, '\0'));
  return box("ftyp", "cmfc") + box("moov", box("trak", tkhd + box("mdia", mdhd + hdlr)));
}
/// Two pictures of 40 ms, each with its duration in the trun.
std::string fragment(std::uint32_t sequence, std::uint32_t time) {
  const auto tfhd = box("tfhd", u32(0x020000) + u32(1));
  const auto tfdt = box("tfdt", u32(0) + u32(time));
  const auto trun = box("trun", u32(0x101) + u32(2) + u32(0) + u32(40) + u32(40));
  return box("moof", box("mfhd", u32(0) + u32(sequence)) + box("traf", tfhd + tfdt + trun)) +
         box("mdat", "data");
}

ViewerTotals seen(const std::vector<std::string>& messages) {
  ViewerTotals totals;
  StreamCheck check(totals);
  check.begin();
  for (const auto& message : messages) check.take(message);
  return totals;
}

TEST(StreamCheck, what_follows_without_a_hole_is_fine) {
  const auto totals = seen({init(), fragment(4, 800), fragment(5, 880), fragment(6, 969)});

  EXPECT_EQ(totals.gaps, 0U);
  EXPECT_EQ(totals.jumps, 0U) << "9 ms are a clock that wavers";
  EXPECT_EQ(totals.corrupt, 0U);
  EXPECT_EQ(totals.start.count(), 1U);
}

TEST(StreamCheck, a_fragment_that_is_missing_is_a_hole) {
  const auto totals = seen({init(), fragment(4, 800), fragment(6, 960), fragment(7, 1'040)});

  EXPECT_EQ(totals.gaps, 1U);
  EXPECT_EQ(totals.jumps, 1U);
}

TEST(StreamCheck, a_fragment_that_comes_twice_or_at_another_time_is_seen) {
  EXPECT_EQ(seen({init(), fragment(4, 800), fragment(4, 800)}).gaps, 1U);
  EXPECT_EQ(seen({init(), fragment(4, 800), fragment(5, 895)}).jumps, 1U);
  EXPECT_EQ(seen({init(), fragment(4, 800), fragment(5, 865)}).jumps, 1U);
}

TEST(StreamCheck, a_new_init_begins_anew) {
  const auto totals = seen({init(), fragment(4, 800), init(), fragment(1, 0)});

  EXPECT_EQ(totals.gaps + totals.jumps, 0U);
}

TEST(StreamCheck, rubbish_is_corrupt) {
  EXPECT_EQ(seen({init(), "rubbish"}).corrupt, 1U);
}

TEST(FragmentCutter, pieces_of_any_size_give_the_same_messages) {
  const std::vector<std::string> messages{init(), fragment(1, 0),
                                          box("prft", "p") + fragment(2, 80)};
  const auto all = messages[0] + messages[1] + messages[2];

  for (const std::size_t size : {1U, 7U, 64U, 1'000U}) {
    FragmentCutter cutter;
    std::vector<std::string> found;
    for (std::size_t at = 0; at < all.size(); at += size) {
      ASSERT_TRUE(cutter
                      .feed(std::string_view(all).substr(at, size),
                            [&](std::string_view message) { found.emplace_back(message); })
                      .ok());
    }
    EXPECT_EQ(found, messages) << size;
    EXPECT_TRUE(cutter.whole());
  }
}

TEST(FragmentCutter, what_is_cut_off_is_not_whole) {
  FragmentCutter cutter;
  int found = 0;
  const auto count = [&](std::string_view) { ++found; };

  ASSERT_TRUE(cutter.feed(fragment(1, 0).substr(0, 100), count).ok());
  EXPECT_FALSE(cutter.whole());
  EXPECT_EQ(found, 0);
  EXPECT_FALSE(FragmentCutter().feed(u32(3) + "moof", count).ok());
}

}  // namespace
}  // namespace troupe::sim

// What simulated viewers check of each message.
#include <gtest/gtest.h>

#include "sim/fragment.hpp"

namespace troupe::sim {
namespace {

std::string u32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string box(const std::string& type, const std::string& content) {
  return u32(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}
std::string fragment() {
  const auto tfhd = box("tfhd", u32(0x020000) + u32(2));
  const auto tfdt = box("tfdt", std::string("\1\0\0\0", 4) + u32(0) + u32(9'000));
  return box("moof", box("mfhd", u32(0) + u32(17)) + box("traf", tfhd + tfdt)) +
         box("mdat", "data");
}

TEST(LiveFragment, TrackSequenceAndDecodeTimeAreRead) {
  const auto parsed = parse_fragment(fragment());

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->track, 2U);
  EXPECT_EQ(parsed->sequence, 17U);
  EXPECT_EQ(parsed->decode_time, 9'000U);
  EXPECT_FALSE(parsed->init);
}

TEST(LiveFragment, ThePrftClockIsUnixTime) {
  // 2208988801.5 s of NTP time (RFC 5905) is 1.5 s of Unix time.
  const auto prft = box(
      "prft", u32(0x01000000) + u32(1) + u32(2'208'988'801U) + u32(0x80000000U) + u32(0) + u32(0));

  EXPECT_EQ(parse_fragment(prft + fragment())->wall_us, 1'500'000);
}

TEST(LiveFragment, EveryTruncationIsCorrupt) {
  const auto whole = fragment();

  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_fragment(whole.substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace troupe::sim

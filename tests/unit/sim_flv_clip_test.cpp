// What a simulated encoder sends of a clip.
#include <gtest/gtest.h>

#include "sim/rtmp_publisher.hpp"

namespace troupe::sim {
namespace {

using namespace std::string_literals;

std::string tag(char type, std::uint32_t time_ms, const std::string& payload) {
  return type + "\0\0"s + static_cast<char>(payload.size()) + static_cast<char>(time_ms >> 16) +
         static_cast<char>(time_ms >> 8) + static_cast<char>(time_ms) +
         static_cast<char>(time_ms >> 24) + "\0\0\0"s + payload + "\0\0\0\0"s;
}
const std::string kHead = "FLV\x01\x05\0\0\0\x09\0\0\0\0"s;

TEST(FlvClip, configurations_are_said_once_and_the_rest_again_and_again) {
  const auto clip =
      parse_flv(kHead + tag(18, 0, "meta") + tag(9, 0, "\x17\0cfg"s) + tag(8, 0, "\xaf\0cfg"s) +
                    tag(9, 0, "\x17\x01key"s) + tag(8, 7'999, "\xaf\x01snd"s) +
                    tag(8, 8'000, "\xaf\x01late"s) + tag(9, 8'000, "\x17\x02end"s),
                8'000);

  ASSERT_TRUE(clip.ok()) << clip.error().detail;
  EXPECT_EQ(clip->heads.size(), 3U);
  ASSERT_EQ(clip->tags.size(), 2U);
  EXPECT_EQ(clip->tags[1].time_ms, 7'999U);
  EXPECT_EQ(clip->tags[1].type, 8);
  EXPECT_EQ(clip->tags[1].payload, "\xaf\x01snd"s);
}

TEST(FlvClip, other_files_are_refused) {
  EXPECT_FALSE(parse_flv("", 8'000).ok());
  EXPECT_FALSE(parse_flv("RIFF and more than that", 8'000).ok());
  EXPECT_FALSE(parse_flv(kHead, 8'000).ok());
  const auto whole = kHead + tag(9, 0, "\x17\x01key"s);
  EXPECT_FALSE(parse_flv(whole.substr(0, whole.size() - 6), 8'000).ok());
}

}  // namespace
}  // namespace troupe::sim

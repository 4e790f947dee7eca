#include <random>

#include <gtest/gtest.h>

#include "media/codec_string.hpp"
#include "media/timeline_repair.hpp"

namespace troupe::media {
namespace {

TEST(TimelineRepair, MovesTheOriginToZeroAndKeepsRegularTimes) {
  TimelineRepair repair(900'000);
  repair.start(126'000);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(repair.repair(126'000 + i * 3'000, 0), i * 3'000);
  EXPECT_EQ(repair.repaired(), 0U);
}

TEST(TimelineRepair, ClosesAJumpForwardAndBackwardWithOneStep) {
  TimelineRepair repair(900'000);
  repair.start(0);
  for (int i = 0; i < 10; ++i) repair.repair(i * 3'000, 0);

  EXPECT_EQ(repair.repair(50'000'000, 0), 30'000);
  EXPECT_EQ(repair.repair(50'003'000, 0), 33'000);
  EXPECT_EQ(repair.repair(100, 0), 36'000);
  EXPECT_EQ(repair.repaired(), 2U);
}

TEST(TimelineRepair, RoundingOfAnotherClockDoesNotAddUp) {
  TimelineRepair repair(441'000);
  repair.start(0);
  std::int64_t last = -1'024;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    const auto ticks = i * 1'024 * 90'000 / 44'100;  // 90 kHz, cut to whole ticks
    const auto time = repair.repair(ticks * 44'100 / 90'000, 1'024);
    EXPECT_GE(time - last, 1'024);
    EXPECT_NEAR(static_cast<double>(time), static_cast<double>(i * 1'024), 2);
    last = time;
  }
}

TEST(TimelineRepair, TimesAscendWhateverComes) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    TimelineRepair repair(900'000);
    repair.start(static_cast<std::int64_t>(random()));
    std::int64_t last = -1;
    for (int i = 0; i < 500; ++i) {
      const auto time = repair.repair(static_cast<std::int64_t>(random()), 0);
      ASSERT_GT(time, last);
      last = time;
    }
  }
}

// RTMP counts milliseconds: 30 pictures a second are 33, 33 and 34 apart.
TEST(TimelineRepair, RoundedDistancesDoNotAddUp) {
  TimelineRepair repair(900'000);
  repair.start(0);

  for (std::int64_t i = 0; i < 100'000; ++i) {
    const auto given = (i * 1000 + 15) / 30 * 90;
    const auto out = repair.repair(given, 0);
    ASSERT_GE(out, given) << i;
    ASSERT_LE(out, given + 180) << i << ": two milliseconds at most";
  }
  EXPECT_EQ(repair.repaired(), 0U);
}

// A sequence parameter set of profile 100 (High), level 3.1, as x264 writes it.
TEST(CodecString, ComesFromAnnexBAndFromAvcC) {
  const std::uint8_t annex_b[] = {0, 0, 0, 1, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9};
  const std::uint8_t avcc[] = {1, 0x42, 0xc0, 0x1e, 0xff};
  const std::uint8_t nonsense[] = {0, 0, 0, 1, 0x65, 0x64};

  EXPECT_EQ(avc_codec_string(annex_b), "avc1.64001f");
  EXPECT_EQ(avc_codec_string(avcc), "avc1.42c01e");
  EXPECT_FALSE(avc_codec_string(nonsense));
}

// The examples of ISO/IEC 14496-15:2019, annex E.3 (Main profile, level 3.1), and of the AV1
// ISOBMFF binding, section 5 (Main profile, level 3.0, 8 bits).
TEST(CodecString, NamesHevcAndAv1) {
  const std::uint8_t hvcc[] = {1, 0x01, 0x60, 0, 0, 0, 0xB0, 0, 0, 0, 0, 0, 93, 0xF0};
  const std::uint8_t high_tier[] = {1, 0x22, 0x20, 0, 0, 0, 0x90, 0x10, 0, 0, 0, 0, 120, 0xF0};
  const std::uint8_t av1c[] = {0x81, 0x04, 0x0C, 0x00};
  const std::uint8_t ten_bits[] = {0x81, 0x2D, 0xC0, 0x00};

  EXPECT_EQ(hevc_codec_string(hvcc), "hvc1.1.6.L93.B0");
  EXPECT_EQ(hevc_codec_string(high_tier), "hvc1.2.4.H120.90.10");
  EXPECT_EQ(av1_codec_string(av1c), "av01.0.04M.08");
  EXPECT_EQ(av1_codec_string(ten_bits), "av01.1.13H.10");
  EXPECT_FALSE(hevc_codec_string(av1c));
  EXPECT_FALSE(av1_codec_string(hvcc));
}

TEST(CodecString, NamesTheAudioObjectType) {
  const std::uint8_t low_complexity[] = {0x12, 0x10};  // AAC-LC, 44.1 kHz, stereo
  EXPECT_EQ(aac_codec_string(low_complexity), "mp4a.40.2");
  EXPECT_FALSE(aac_codec_string({}));
}

}  // namespace
}  // namespace troupe::media

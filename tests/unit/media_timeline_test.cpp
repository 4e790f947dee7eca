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

// MPEG-TS counts 33 bits of 90 kHz: 26.5 hours.
TEST(Unwrap, GoesOnWhereCountersComeRound) {
  constexpr std::int64_t kRound = std::int64_t{1} << 33;
  Unwrap unwrap(33);

  EXPECT_EQ(unwrap.next(kRound - 3'000), kRound - 3'000);
  EXPECT_EQ(unwrap.distance(kRound - 3'000, 3'000), 6'000) << "shown after the wrap";
  EXPECT_EQ(unwrap.next(0), kRound);
  EXPECT_EQ(unwrap.next(3'000), kRound + 3'000);
  EXPECT_EQ(unwrap.next(kRound - 1), kRound - 1) << "out of order around it";
  EXPECT_EQ(unwrap.next(2 * kRound + 6'000), kRound + 6'000) << "somebody has unwrapped it before";
}

TEST(Unwrap, LeavesWholeNumbersAlone) {
  Unwrap unwrap(64);

  EXPECT_EQ(unwrap.next(INT64_MAX - 5), INT64_MAX - 5);
  EXPECT_EQ(unwrap.next(-7), -7);
  EXPECT_EQ(unwrap.distance(10, 3), -7);
}

TEST(TimelineRepair, TracksThatJumpTogetherStayInStep) {
  TimelineRepair video(900'000), audio(480'000);
  video.start(0);
  audio.start(0);
  std::int64_t clock_ms = 0, error_ms = 0;
  for (int jump = 0; jump < 50; ++jump) {
    std::int64_t picture = 0, sound = 0;
    // Video is 100 ms ahead of the audio that is sent beside it.
    for (int i = 0; i < 30; ++i, clock_ms += 40) {
      picture = video.repair((clock_ms + 100) * 90, 0, audio.offset() * 90 / 48);
      sound = audio.repair(clock_ms * 48, 1'920, video.offset() * 48 / 90);
    }
    error_ms = std::max(error_ms, std::abs(picture / 90 - sound / 48 - 100));
    clock_ms += jump % 2 == 0 ? 1'000'000 : -900'000;
  }

  EXPECT_LE(error_ms, 100) << "of one jump, not of fifty";
}

TEST(TimelineRepair, PicturesThatAreLateCatchUp) {
  TimelineRepair repair(900'000);
  repair.start(0);
  std::int64_t given = 0;
  for (int i = 0; i < 5; ++i, given += 90'000) repair.repair(given, 0);  // one a second
  std::int64_t late = 0, last = 0;
  for (int i = 0; i < 120; ++i, given += 1'500) {  // then sixty
    const auto out = repair.repair(given - 88'500, 0);
    EXPECT_GT(out, last);
    last = out;
    late = out - (given - 88'500);
  }

  EXPECT_EQ(late, 0);
}

TEST(TimelineRepair, TellsHowLateASampleWouldBe) {
  TimelineRepair repair(441'000);
  repair.start(0);
  for (int i = 0; i < 100; ++i) repair.repair(i * 1'000, 1'024);

  EXPECT_EQ(repair.lateness(100'000), 100 * 24);
  EXPECT_EQ(repair.lateness(200'000), 0);
  EXPECT_EQ(repair.lateness(90'000'000), 0) << "a jump is closed, not late";
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

// What the health of a publication is told by.
#include <gtest/gtest.h>

#include "media/health/stream_meter.hpp"
#include "net/api/live/health.hpp"

namespace troupe::media {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kNoon = 1'000 * kSecond + 400'000;  // not the begin of a second

std::vector<Track> tracks() {
  Track video, audio;
  video.id = 1;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  return {video, audio};
}

Chunk chunk_of(std::uint32_t track, std::int64_t start_us, std::int64_t wall_us, std::size_t bytes,
               bool key = false) {
  Chunk chunk;
  chunk.track = track;
  chunk.start_us = start_us;
  chunk.duration_us = 100'000;
  chunk.frames = 3;
  chunk.key = key;
  chunk.wall_us = wall_us;
  chunk.bytes = std::make_shared<const std::string>(bytes, 'x');
  return chunk;
}

/// Chunks of 100 ms, ten a second, a key frame every two seconds: 1 Mbit/s and 100 kbit/s.
void play(StreamMeter& meter, int first, int last, std::int64_t wall_us = kNoon,
          std::int64_t sound_late_us = 0) {
  for (int i = first; i < last; ++i) {
    const auto at = i * 100'000;
    meter.add(chunk_of(1, at, wall_us + at, 12'500, i % 20 == 0));
    meter.add(chunk_of(2, at, wall_us + at + sound_late_us, 1'250, true));
  }
}

TEST(StreamMeter, TellsWhatCameInEachWholeSecond) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);

  play(meter, 0, 60, kNoon, 30'000);
  meter.advance(kNoon + 6 * kSecond);

  ASSERT_EQ(meter.samples().size(), 5U);  // the one in which it began is none
  const auto& last = meter.samples().back();
  EXPECT_EQ(last.second, 1'005);
  EXPECT_NEAR(last.video_kbit_per_s, 1'000, 0.1);
  EXPECT_NEAR(last.audio_kbit_per_s, 100, 0.1);
  EXPECT_NEAR(last.frames_per_s, 30, 0.1);
  EXPECT_NEAR(last.key_interval_s, 2, 0.001);
  EXPECT_NEAR(last.drift_ms, 0, 0.1);
  EXPECT_NEAR(last.av_offset_ms, -30, 0.1);
  EXPECT_EQ(last.gaps, 0U);
}

TEST(StreamMeter, AClockThatLosesIsToldAsDrift) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);

  for (int i = 0; i < 600; ++i)  // of each second, 1 ms
    meter.add(chunk_of(1, i * 100'000, kNoon + i * 100'100, 100, i == 0));

  EXPECT_NEAR(meter.samples().back().drift_ms, 59, 1.1);
}

TEST(StreamMeter, SecondsWithoutAnythingAreToldAndDriftGrows) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);
  play(meter, 0, 30);

  meter.advance(kNoon + 6 * kSecond);

  ASSERT_EQ(meter.samples().size(), 5U);
  const auto& silent = meter.samples().back();
  EXPECT_EQ(silent.video_kbit_per_s, 0);
  EXPECT_EQ(silent.frames_per_s, 0);
  EXPECT_NEAR(silent.drift_ms, 2'700, 1);
}

TEST(StreamMeter, MissingPartsOfTheTimelineAreCounted) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);

  play(meter, 0, 20);
  play(meter, 25, 60);
  meter.advance(kNoon + 6 * kSecond);

  std::uint32_t gaps = 0;
  double gap_ms = 0;
  for (const auto& sample : meter.samples()) {
    gaps += sample.gaps;
    gap_ms += sample.gap_ms;
  }
  EXPECT_EQ(gaps, 2U);  // of picture and of sound
  EXPECT_NEAR(gap_ms, 1'000, 0.1);
}

TEST(StreamMeter, AKeyFrameThatDoesNotComeIsSeenBeforeItComes) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);

  for (int i = 0; i < 100; ++i)
    meter.add(chunk_of(1, i * 100'000, kNoon + i * 100'000, 100, i == 0 || i == 10));

  EXPECT_GT(meter.samples().back().key_interval_s, 7.5);
}

TEST(StreamMeter, KeepsTenMinutesOverPublicationsAndNothingOfTheTimeBetween) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);
  play(meter, 0, 100);
  meter.stop();
  meter.advance(kNoon + 60 * kSecond);
  EXPECT_EQ(meter.samples().size(), 9U);

  const auto later = kNoon + 100 * kSecond;
  meter.start(2, tracks(), later);
  play(meter, 0, 7'000, later);

  EXPECT_EQ(meter.samples().size(), StreamMeter::kMaxSamples);
  EXPECT_NEAR(meter.samples().back().drift_ms, 0, 0.1);
  EXPECT_GT(meter.samples().front().second, 1'100);
}

TEST(StreamMeter, AClockSetForwardByAYearCostsNoYearOfSeconds) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);
  play(meter, 0, 20);

  meter.advance(kNoon + 365LL * 86'400 * kSecond);

  EXPECT_EQ(meter.samples().size(), StreamMeter::kMaxSamples);
}

TEST(StreamMeter, WhatWasDecodedBelongsToTheSecondUnderWay) {
  StreamMeter meter;
  meter.start(1, tracks(), kNoon);
  play(meter, 0, 10);

  meter.look({.luma = 0.5, .picture_change = 0.2});
  meter.look({.luma = 0.4, .picture_change = 0.1, .momentary_lufs = -23.0});
  meter.advance(kNoon + 2 * kSecond);

  const auto& sample = meter.samples().front();
  EXPECT_EQ(sample.luma, 0.4);
  EXPECT_EQ(sample.picture_change, 0.2);
  EXPECT_EQ(sample.momentary_lufs, -23.0);
  EXPECT_FALSE(sample.short_term_lufs.has_value());
}

TEST(HealthBook, GivesWhatCameAfterAndForgetsTheOldestSession) {
  api::HealthBook book;
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  book.start("a", 1, tracks());
  book.chunk("a", chunk_of(1, 0, now_us, 100, true));

  const auto all = book.view("a", 0, now_us + 10 * kSecond);
  const auto some = book.view("a", all.samples[4].second, now_us + 10 * kSecond);
  book.stop("a");
  for (std::size_t i = 0; i < api::HealthBook::kMaxSessions; ++i)
    book.start(std::to_string(i), 1, tracks());

  EXPECT_TRUE(all.publishing);
  EXPECT_EQ(some.samples.size() + 5, all.samples.size());
  EXPECT_TRUE(book.view("a", 0, now_us).samples.empty());
  EXPECT_TRUE(book.view("1", 0, now_us).publishing);
}

}  // namespace
}  // namespace troupe::media

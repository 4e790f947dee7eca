// When alerts are raised and cleared.
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <mutex>
#include <numbers>

#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "media/health/alerts.hpp"
#include "media/health/loudness.hpp"
#include "media/health/picture_look.hpp"
#include "media/health/sound_probe.hpp"
#include "media/ladder/ladder.hpp"
#include "tests/support/packaged_media.hpp"

extern "C" {
#include <libavutil/frame.h>
}

namespace troupe::media {
namespace {

using namespace std::chrono_literals;

struct Desk {
  explicit Desk(std::string_view rules) { judge.set_rules(*parse_alert_rules(rules)); }

  /// `seconds` like `sample`; what changed.
  std::vector<AlertChange> pass(int seconds, HealthSample sample, const ViewersLook& viewers = {}) {
    std::vector<AlertChange> out;
    for (int i = 0; i < seconds; ++i) {
      sample.second = ++second;
      for (const auto& change : judge.judge(sample, viewers)) out.push_back(change);
    }
    return out;
  }

  AlertJudge judge;
  std::int64_t second = 1'000;
};

TEST(Alerts, ABitrateBelowTheLimitIsRaisedAfterItsTimeAndClearedAfterAnother) {
  Desk desk("bitrate_below_kbps=500,raise_after_s=3,clear_after_s=4");
  const HealthSample rich{.video_kbit_per_s = 900, .audio_kbit_per_s = 100};
  const HealthSample poor{.video_kbit_per_s = 100, .audio_kbit_per_s = 100};
  EXPECT_TRUE(desk.pass(10, rich).empty());

  const auto dropped = desk.pass(20, poor);
  const auto back = desk.pass(20, rich);

  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].kind, AlertKind::bitrate_below);
  EXPECT_TRUE(dropped[0].raised);
  EXPECT_EQ(dropped[0].limit, 500);
  EXPECT_EQ(dropped[0].second, 1'010 + 4);  // of three seconds together, the second was below
  ASSERT_EQ(back.size(), 1U);
  EXPECT_FALSE(back[0].raised);
  EXPECT_TRUE(desk.judge.on().empty());
}

TEST(Alerts, AFigureThatWavesAboutTheLimitNeitherRaisesNorClears) {
  Desk desk("key_interval_above_s=4,raise_after_s=3,clear_after_s=3");
  const HealthSample above{.key_interval_s = 4.1}, below{.key_interval_s = 3.9};

  std::size_t changes = 0;
  for (int i = 0; i < 20; ++i) changes += desk.pass(2, above).size() + desk.pass(1, below).size();
  const auto raised = desk.pass(3, above);
  for (int i = 0; i < 20; ++i) changes += desk.pass(2, below).size() + desk.pass(1, above).size();

  EXPECT_EQ(raised.size(), 1U);
  EXPECT_EQ(changes, 0U);
  EXPECT_EQ(desk.pass(3, {.key_interval_s = 3}).size(), 1U);
}

TEST(Alerts, BlackFrozenAndSilentCountTheSecondsSinceTheyWereFirstSeen) {
  Desk desk("black_s=10,frozen_s=10,silent_s=10,clear_after_s=1");
  // Key frames come every two seconds; between them nothing is decoded.
  std::vector<AlertChange> changes;
  for (int i = 0; i < 8; ++i) {
    const auto key = desk.pass(1, {.luma = 0.01, .picture_change = 0.0, .momentary_lufs = -70});
    const auto rest = desk.pass(1, {});
    changes.insert(changes.end(), key.begin(), key.end());
    changes.insert(changes.end(), rest.begin(), rest.end());
  }

  ASSERT_EQ(changes.size(), 3U);
  for (const auto& change : changes) EXPECT_EQ(change.second, 1'011);
  EXPECT_EQ(desk.judge.on().size(), 3U);
  EXPECT_EQ(desk.pass(1, {.luma = 0.5, .picture_change = 0.2, .momentary_lufs = -20}).size(), 3U);
}

TEST(Alerts, WhatWasDecodedLongAgoSaysNothing) {
  Desk desk("black_s=40");

  desk.pass(1, {.luma = 0.01});

  EXPECT_TRUE(desk.pass(100, {}).empty());
}

TEST(Alerts, ViewersThatTellNothingRaiseNothing) {
  Desk desk("rebuffer_ratio_above=0.02,latency_above_ms=3000");

  EXPECT_TRUE(desk.pass(60, {}).empty());
  EXPECT_EQ(desk.pass(60, {}, {.rebuffer_ratio = 0.05, .latency_ms = 5'000}).size(), 2U);
}

TEST(Alerts, TheEndOfAPublicationClearsAll) {
  Desk desk("drift_above_ms=1000");
  desk.pass(10, {.drift_ms = -2'000});

  const auto cleared = desk.judge.stop(desk.second);

  ASSERT_EQ(cleared.size(), 1U);
  EXPECT_FALSE(cleared[0].raised);
  EXPECT_TRUE(desk.judge.stop(desk.second).empty());
}

TEST(Alerts, ARuleThatIsTakenAwayClearsItsAlert) {
  Desk desk("frame_rate_below=20");
  desk.pass(10, {.frames_per_s = 5});

  desk.judge.set_rules({});

  EXPECT_EQ(desk.pass(1, {.frames_per_s = 5}).size(), 1U);
}

TEST(Alerts, RulesAreReadAndRefusedByName) {
  const auto rules = parse_alert_rules("bitrate_below_kbps=500,latency_above_ms=2500.5");
  ASSERT_TRUE(rules.ok());
  EXPECT_EQ(rules->limits[0], 500);
  EXPECT_EQ(*parse_alert_rules(""), AlertRules{});
  for (const auto* wrong :
       {"bitrate_below_kbps", "bitrate_below_kbps=", "loud=3", "black_s=-1",
        "rebuffer_ratio_above=2", "raise_after_s=0", "black_s=nan", "=1", ",", "black_s=1 "})
    EXPECT_EQ(parse_alert_rules(wrong).code(), ErrorCode::invalid_argument) << wrong;
}

/// Plays a sine of 1 kHz into both channels, or the one.
void tone(LoudnessMeter& meter, int rate, double peak_dbfs, double seconds, bool both = true) {
  const auto count = static_cast<std::size_t>(seconds * rate);
  std::vector<float> samples(count);
  for (std::size_t i = 0; i < count; ++i)
    samples[i] =
        static_cast<float>(std::pow(10, peak_dbfs / 20) *
                           std::sin(2 * std::numbers::pi * 1'000 * static_cast<double>(i) / rate));
  const std::array<std::span<const float>, 2> channels{samples, samples};
  meter.add(std::span(channels).first(both ? 2 : 1));
}

// EBU Tech 3341, table 1, cases 1 and 2.
TEST(Loudness, TellsTheTonesOfTheStandardAtEveryUsualRate) {
  for (const int rate : {16'000, 44'100, 48'000, 96'000}) {
    for (const double level : {-23.0, -33.0}) {
      LoudnessMeter meter(rate, 2);
      tone(meter, rate, level, 5);
      EXPECT_NEAR(meter.momentary().value(), level, 0.1) << rate;
      EXPECT_NEAR(meter.short_term().value(), level, 0.1) << rate;
    }
  }
}

TEST(Loudness, MomentaryFollowsWithinTheirTimesAndSilenceHasAFloor) {
  LoudnessMeter meter(48'000, 2);
  tone(meter, 48'000, -20, 0.35);
  EXPECT_FALSE(meter.momentary().has_value());
  tone(meter, 48'000, -20, 2.7);
  EXPECT_NEAR(meter.short_term().value(), -20, 0.1);

  tone(meter, 48'000, -200, 0.6);

  EXPECT_EQ(meter.momentary(), LoudnessMeter::kSilenceLufs);
  EXPECT_GT(meter.short_term().value(), -22);
}

TEST(Loudness, SamplesThatAreNoNumbersAreForgottenWithTheirTime) {
  LoudnessMeter meter(48'000, 1);
  tone(meter, 48'000, -20, 1, false);
  const std::vector<float> broken{std::numeric_limits<float>::quiet_NaN(),
                                  std::numeric_limits<float>::infinity()};
  const std::span<const float> plane(broken);

  meter.add({&plane, 1});
  tone(meter, 48'000, -20, 1, false);

  EXPECT_NEAR(meter.momentary().value(), -20, 3.2) << "one channel has half of what two have";
}

struct FreeFrame {
  void operator()(AVFrame* p) const noexcept { av_frame_free(&p); }
};
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;

/// All of one brightness, but for a square of 100 pixels that is white.
FramePtr picture(std::uint8_t luma, int square_at = -1) {
  FramePtr frame(av_frame_alloc());
  frame->format = AV_PIX_FMT_YUV420P;
  frame->width = 640;
  frame->height = 360;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  for (int y = 0; y < frame->height; ++y) {
    auto* line = frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0];
    std::memset(line, luma, 640);
    if (square_at >= 0 && y < 100) std::memset(line + square_at, 235, 100);
  }
  return frame;
}

TEST(PictureLooker, TellsBlackWhiteAndWhatMoved) {
  PictureLooker looker;

  const auto first = looker.look(*picture(16));
  const auto white = looker.look(*picture(235));
  static_cast<void>(looker.look(*picture(60, 0)));
  const auto moved = looker.look(*picture(60, 100));
  const auto still = looker.look(*picture(60, 100));

  EXPECT_EQ(first.luma, 0);
  EXPECT_FALSE(first.picture_change.has_value());
  EXPECT_NEAR(white.luma.value(), 1, 1e-6);
  EXPECT_NEAR(white.picture_change.value(), 1, 1e-6);
  EXPECT_GT(moved.picture_change.value(), 0.5);
  EXPECT_EQ(still.picture_change, 0);
}

TEST(PictureLooker, SaysNothingOfPicturesItCannotRead) {
  auto frame = picture(100);
  frame->format = AV_PIX_FMT_RGB24;

  EXPECT_FALSE(luma_grid(*frame).has_value());
}

/// Eight seconds of black with a tone of -23 dBFS in both channels, a key frame each second.
const test::Packaged& black_tone() {
  // The filter's sine has an amplitude of 1/8, -18.06 dBFS, in each of two channels 3.01 dB less.
  static const auto made = test::package_bytes(
      test::encode_clip({"-f",       "lavfi",     "-i",   "color=black:size=640x360:rate=30",
                         "-f",       "lavfi",     "-i",   "sine=frequency=1000:sample_rate=48000",
                         "-t",       "8",         "-af",  "volume=-1.93dB",
                         "-ac",      "2",         "-c:v", "libx264",
                         "-preset",  "ultrafast", "-g",   "30",
                         "-pix_fmt", "yuv420p",   "-c:a", "aac",
                         "-b:a",     "128k"},
                        "clip.ts"),
      {.chunk_ms = 100});
  EXPECT_TRUE(made.outcome.ok());
  return made;
}

/// Looks as they come.
class Looks {
 public:
  void add(const HealthLook& look) {
    const std::lock_guard lock(mutex_);
    all_.push_back(look);
    changed_.notify_all();
  }
  std::vector<HealthLook> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 30s, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HealthLook> all_;
};

TEST(SoundProbe, MeasuresTheLoudnessOfDecodedSound) {
  Looks looks;
  SoundProbe probe([&](const std::string& session, std::uint64_t epoch, const HealthLook& look) {
    EXPECT_EQ(session, "a");
    EXPECT_EQ(epoch, 7U);
    looks.add(look);
  });
  probe.start("a", 7, black_tone().tracks);
  const auto begun = std::chrono::steady_clock::now();

  std::size_t seconds = 0;
  std::int64_t sound_us = 0;
  for (const auto& chunk : black_tone().chunks) {
    probe.push("a", *chunk);
    if (chunk->track == 2) sound_us += chunk->duration_us;
    // So fast, the probe would leave out what it cannot follow.
    if (sound_us / 600'000 > static_cast<std::int64_t>(seconds)) looks.wait(++seconds);
  }
  const auto all = looks.wait(7);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  std::printf("%.2f ms for each second of sound\n", took.count() / 8);

  ASSERT_GE(all.size(), 7U);
  EXPECT_NEAR(all.back().momentary_lufs.value_or(0), -23, 0.5);
  EXPECT_NEAR(all.back().short_term_lufs.value_or(0), -23, 0.5);
  probe.stop("a");
  probe.push("a", *black_tone().chunks.back());
}

TEST(SoundProbe, BytesThatAreNoSoundTellNothing) {
  Looks looks;
  SoundProbe probe([&](const auto&, auto, const HealthLook& look) { looks.add(look); });
  probe.start("a", 1, black_tone().tracks);
  Chunk noise;
  noise.track = 2;
  noise.duration_us = 2'000'000;
  noise.bytes = std::make_shared<const std::string>(10'000, '\x7f');

  probe.push("a", noise);

  const auto all = looks.wait(1);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].momentary_lufs.has_value());
}

TEST(Ladder, TellsWhatKeyFramesLookLike) {
  Metrics metrics;
  Looks looks;
  LadderSink sink;
  sink.renditions = [](const auto&, auto, const auto&) {};
  sink.thumbnail = [](const auto&, auto, const auto&) {};
  sink.look = [&](const std::string&, std::uint64_t, const HealthLook& look) { looks.add(look); };
  Ladder ladder({.rungs = {}, .workers = 1, .max_lag = 60s, .thumbnail_every = 10s}, metrics,
                std::move(sink));
  ladder.start("a", 1, black_tone().tracks);

  std::size_t keys = 0;
  for (const auto& chunk : black_tone().chunks) {
    ladder.push("a", chunk);
    if (chunk->track == 1 && chunk->key) looks.wait(++keys);
  }

  const auto all = looks.wait(8);
  ASSERT_GE(all.size(), 8U);  // of each key frame, though only one became a thumbnail
  EXPECT_LT(all.back().luma.value_or(1), 0.01);
  EXPECT_LT(all.back().picture_change.value_or(1), 0.004);
  ladder.stop("a");
}

}  // namespace
}  // namespace troupe::media

// The sound's rendition: continuous, in step with what was published, silence for holes.
#include <cmath>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <new>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "media/ladder/ladder.hpp"
#include "media/ladder/worker_pool.hpp"
#include "media/retime.hpp"
#include "tests/support/packaged_media.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::int64_t kFrameUs = 21'333;  // 1,024 samples at 48 kHz

/// A tone that stops for the second half of each second, as Opus in WebM: a browser's.
const test::Packaged& opus() {
  static const auto made = test::package_bytes(
      test::encode_clip(
          {"-f", "lavfi", "-i", "color=black:size=64x36:rate=5:duration=125", "-f", "lavfi", "-i",
           "aevalsrc='0.5*sin(880*PI*t)*lt(mod(t,1),0.5)|0.5*sin(880*PI*t)*lt(mod(t,"
           "1),0.5)':s=48000:d=125",
           "-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-pix_fmt", "yuv420p", "-c:a",
           "libopus"},
          "clip.mkv"),
      {.container = Container::webm});
  EXPECT_TRUE(made.outcome.ok());
  return made;
}
const test::Packaged& aac() {
  static const auto made = test::package_bytes(
      test::encode_clip({"-f",        "lavfi",
                         "-i",        "color=black:size=64x36:rate=5:duration=4",
                         "-f",        "lavfi",
                         "-i",        "sine=frequency=440:sample_rate=44100:duration=4",
                         "-c:v",      "libx264",
                         "-preset",   "ultrafast",
                         "-g",        "5",
                         "-pix_fmt",  "yuv420p",
                         "-ac",       "6",
                         "-c:a",      "aac",
                         "-movflags", "empty_moov+frag_keyframe"},
                        "clip.mp4"),
      {.container = Container::fragmented_mp4});
  return made;
}

const Track& sound_of(const test::Packaged& from) {
  return *std::ranges::find(from.tracks, TrackKind::audio, &Track::kind);
}
std::vector<ChunkPtr> sound_chunks(const test::Packaged& from) {
  std::vector<ChunkPtr> out;
  for (const auto& chunk : from.chunks)
    if (chunk->track == sound_of(from).id) out.push_back(chunk);
  return out;
}

/// What is made of a source, on this thread.
struct Made {
  std::vector<Track> tracks;
  std::vector<ChunkPtr> chunks;
  Result<void> outcome;

  [[nodiscard]] std::string file() const {
    std::string out = *tracks.at(0).init;
    for (const auto& chunk : chunks) out += *chunk->bytes;
    return out;
  }
};
template <class Keep>
Made make(const test::Packaged& from, Keep keep) {
  Made out;
  auto encoder = SoundEncoder::open(sound_of(from), {.track = 9, .kbit_per_s = 96});
  EXPECT_TRUE(encoder.ok());
  for (const auto& chunk : sound_chunks(from)) {
    if (!out.outcome.ok() || !keep(*chunk)) continue;
    out.outcome = (*encoder)->take(
        *chunk, [&](const Track& track) { out.tracks.push_back(track); },
        [&](ChunkPtr made) { out.chunks.push_back(std::move(made)); });
  }
  return out;
}
bool all(const Chunk&) {
  return true;
}

std::vector<float> decoded(const std::string& file, const std::vector<std::string>& more = {}) {
  const test::TempDir dir;
  std::ofstream(dir / "in.mp4", std::ios::binary) << file;
  std::vector<std::string> argv{"ffmpeg", "-v",           "error", "-xerror",
                                "-i",     dir / "in.mp4", "-ac",   "1"};
  argv.insert(argv.end(), more.begin(), more.end());
  argv.insert(argv.end(), {"-f", "f32le", dir / "out.raw"});
  EXPECT_EQ(test::run_tool(argv).err, "");
  const auto raw = test::read_file(dir / "out.raw");
  std::vector<float> samples(raw.size() / sizeof(float));
  std::copy_n(raw.data(), samples.size() * sizeof(float), reinterpret_cast<char*>(samples.data()));
  return samples;
}

/// Where the tone begins in each second, in ms from the second's beginning.
std::vector<double> onsets_ms(const std::vector<float>& samples) {
  constexpr std::size_t kRate = 48'000, kQuiet = kRate / 10;
  std::vector<double> out;
  std::size_t quiet = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (std::abs(samples[i]) < 0.1F) {
      ++quiet;
      continue;
    }
    if (quiet > kQuiet) out.push_back(static_cast<double>(i % kRate) / 48.0);
    quiet = 0;
  }
  return out;
}

TEST(SoundEncoder, OpusBecomesAacThatIsContinuousAndInStepOverMinutes) {
  const auto made = make(opus(), all);

  ASSERT_TRUE(made.outcome.ok()) << made.outcome.error().detail;
  ASSERT_EQ(made.tracks.size(), 1U);
  EXPECT_EQ(made.tracks[0].codecs, "mp4a.40.2");
  EXPECT_EQ(made.tracks[0].name, "audio-96k");
  EXPECT_EQ(made.tracks[0].channels, 2);
  std::int64_t expected = made.chunks.front()->start_us;
  for (const auto& chunk : made.chunks) {
    EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(expected), 1);
    EXPECT_EQ(chunk->frames, 5U) << "a tenth of a second, as the source's";
    expected = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(made.chunks.front()->start_us), 0, kFrameUs);
  EXPECT_NEAR(static_cast<double>(expected), 125e6, 7 * kFrameUs) << "what is not full has to wait";
  // What ffprobe reads of the file: each packet where the one before ends, to the sample.
  const test::TempDir dir;
  std::ofstream(dir / "in.mp4", std::ios::binary) << made.file();
  const auto packets = test::run_tool({"ffprobe", "-v", "error", "-show_entries", "packet=pts",
                                       "-of", "csv=p=0", dir / "in.mp4"})
                           .out;
  std::istringstream lines(packets);
  std::int64_t pts = 0, last = INT64_MIN;
  std::size_t count = 0;
  for (; lines >> pts; lines.ignore(8, '\n'), ++count) {
    if (last != INT64_MIN) {
      ASSERT_EQ(pts, last + 1'024);
    }
    last = pts;
  }
  EXPECT_GT(count, 5'800U);
  // The tone begins where it did, at the start as two minutes later.
  const auto onsets = onsets_ms(decoded(made.file()));
  ASSERT_GT(onsets.size(), 115U);
  EXPECT_NEAR(onsets.front(), onsets.back(), 2);
  std::string published = *sound_of(opus()).init;
  for (const auto& chunk : sound_chunks(opus())) published += *chunk->bytes;
  const auto before = onsets_ms(decoded(published, {"-ar", "48000"}));
  const double first_ms = static_cast<double>(made.chunks.front()->start_us) / 1e3;
  EXPECT_NEAR(std::remainder(onsets[100] + first_ms - before[100], 1'000), 0, 9)
      << "ffmpeg leaves the first 6.5 ms of Opus out";
}

TEST(SoundEncoder, ManyChannelsOfAnotherRateBecomeTwo) {
  const auto made = make(aac(), all);

  ASSERT_TRUE(made.outcome.ok()) << made.outcome.error().detail;
  EXPECT_EQ(made.tracks[0].channels, 2);
  EXPECT_EQ(made.tracks[0].sample_rate, 44'100);
  EXPECT_EQ(made.chunks.front()->start_us, sound_chunks(aac()).front()->start_us)
      << "frames of the same length lie alike";
  EXPECT_GT(decoded(made.file()).size(), 3U * 44'100);
}

TEST(SoundEncoder, AHoleIsSilenceAndWhatFollowsIsWhereItWas) {
  const auto made = make(opus(), [](const Chunk& chunk) {
    return chunk.start_us < 4'200'000 ||
           (chunk.start_us > 5'200'000 && chunk.start_us < 12'000'000);
  });

  ASSERT_TRUE(made.outcome.ok());
  std::int64_t expected = made.chunks.front()->start_us;
  for (const auto& chunk : made.chunks) {
    ASSERT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(expected), 1);
    expected = chunk->start_us + chunk->duration_us;
  }
  const auto onsets = onsets_ms(decoded(made.file()));
  EXPECT_NEAR(onsets.front(), onsets.back(), 2);
}

TEST(SoundEncoder, AfterALongHoleTimesBeginAnew) {
  const auto made = make(opus(), [](const Chunk& chunk) {
    return chunk.start_us < 4'000'000 ||
           (chunk.start_us > 14'000'000 && chunk.start_us < 20'000'000);
  });

  ASSERT_TRUE(made.outcome.ok());
  std::int64_t widest = 0, end = made.chunks.front()->start_us;
  for (const auto& chunk : made.chunks) {
    widest = std::max(widest, chunk->start_us - end);
    end = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(widest), 10e6, 250'000);
  EXPECT_EQ(made.tracks.size(), 1U) << "the same rendition";
  const auto onsets = onsets_ms(decoded(made.file()));
  EXPECT_GE(onsets.size(), 8U);
}

TEST(SoundEncoder, AClockThatWaversMakesNoHoles) {
  // As of RTMP, which counts milliseconds, but ten times worse.
  test::Packaged wavering = aac();
  std::size_t i = 0;
  for (auto& chunk : wavering.chunks) {
    if (chunk->track != sound_of(wavering).id) continue;
    auto moved = *chunk;
    const auto ticks = i == 0 ? 0 : i % 2 == 0 ? 441 : -441;
    ++i;
    moved.bytes = std::make_shared<const std::string>(*retime_chunk(*chunk->bytes, ticks, 1));
    chunk = std::make_shared<const Chunk>(std::move(moved));
  }

  const auto made = make(wavering, all);

  ASSERT_TRUE(made.outcome.ok());
  std::int64_t expected = made.chunks.front()->start_us;
  for (const auto& chunk : made.chunks) {
    EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(expected), 1);
    expected = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(expected), 4e6, 8 * kFrameUs);
}

/// What a ladder tells, kept.
struct Told {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::vector<std::string>> renditions;
  std::size_t chunks = 0;

  LadderSink sink() {
    return {.renditions =
                [this](const std::string&, std::uint64_t, const std::vector<Track>& tracks) {
                  const std::lock_guard lock(mutex);
                  auto& names = renditions.emplace_back();
                  for (const auto& track : tracks) names.push_back(track.name);
                  changed.notify_all();
                },
            .chunk =
                [this](const std::string&, std::uint64_t, const ChunkPtr&) {
                  const std::lock_guard lock(mutex);
                  ++chunks;
                  changed.notify_all();
                },
            .thumbnail = {},
            .look = {}};
  }
};

TEST(Ladder, MakesSoundOfAPublicationWithoutAPictureAndSaysSo) {
  Metrics metrics;
  Told told;
  Ladder ladder({.sound_kbit_per_s = 96, .workers = 1}, metrics, told.sink());

  ladder.start("a", 1, {sound_of(opus())});
  EXPECT_EQ(ladder.status("a")->sound->state, SoundStatus::State::starting);
  for (const auto& chunk : sound_chunks(opus())) {
    if (chunk->start_us > 3'000'000) break;
    ladder.push("a", chunk);
  }

  std::unique_lock lock(told.mutex);
  ASSERT_TRUE(told.changed.wait_for(lock, 30s, [&] { return told.chunks > 20; }));
  EXPECT_THAT(told.renditions, ElementsAre(ElementsAre("audio-96k")));
  EXPECT_EQ(ladder.status("a")->sound->state, SoundStatus::State::on);
  EXPECT_FALSE(ladder.status("a")->pictures.has_value());
}

TEST(Ladder, SoundThatTheWorkersLeaveWaitingIsBounded) {
  WorkerPool pool(0);  // nobody works
  std::size_t skipped = 0;
  const auto sound = std::make_shared<SoundTranscode>(
      pool, sound_of(opus()), SoundOptions{9, 96},
      SoundTranscodeSink{.begun = {}, .chunk = {}, .failed = {}, .skipped = [&](std::size_t count) {
                           skipped += count;
                         }});

  for (const auto& chunk : sound_chunks(opus())) {
    if (chunk->start_us > 12'000'000) break;
    sound->push(chunk);
  }

  EXPECT_NEAR(static_cast<double>(skipped), 100, 4) << "twice five seconds";
}

TEST(Ladder, SoundThatCrashesCostsItsOwnRenditionAlone) {
  std::mutex mutex;
  std::condition_variable changed;
  std::string why;
  WorkerPool pool(1);
  const auto sound = std::make_shared<SoundTranscode>(
      pool, sound_of(opus()), SoundOptions{9, 96},
      SoundTranscodeSink{.begun = [](const Track&) {},
                         .chunk = [](const ChunkPtr&) { throw std::bad_alloc(); },
                         .failed =
                             [&](const std::string& reason) {
                               const std::lock_guard lock(mutex);
                               why = reason;
                               changed.notify_all();
                             },
                         .skipped = {}});

  for (std::size_t i = 0; i < 10; ++i) sound->push(sound_chunks(opus())[i]);

  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return !why.empty(); }));
  EXPECT_EQ(sound->status().state, SoundStatus::State::failed);
}

TEST(LadderAudio, IsReadAsARate) {
  EXPECT_EQ(*parse_ladder_audio(" 96k"), 96);
  EXPECT_EQ(*parse_ladder_audio(""), 0);
  for (const auto* text : {"96", "k", "31k", "513k", "96k,64k", "-96k"})
    EXPECT_FALSE(parse_ladder_audio(text).ok()) << text;
}

}  // namespace
}  // namespace troupe::media

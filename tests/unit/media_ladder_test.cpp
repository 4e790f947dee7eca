// Renditions: same times and key frames as their source, and what happens when time runs out.
#include <condition_variable>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "media/ladder/ladder.hpp"
#include "media/ladder/picture_reader.hpp"
#include "media/ladder/worker_pool.hpp"
#include "sim/fragment.hpp"
#include "tests/support/packaged_media.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
using test::Packaged;
using testing::ElementsAre;
using testing::IsEmpty;

/// Three seconds with pictures out of order and a key frame each second, as SRT would bring them.
const Packaged& source() {
  static const Packaged made = test::package_bytes(
      test::encode_clip({"-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-t", "3", "-c:v",
                         "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-keyint_min",
                         "30", "-pix_fmt", "yuv420p"},
                        "clip.ts"),
      {.chunk_ms = 100});
  EXPECT_TRUE(made.outcome.ok());
  return made;
}

std::vector<std::int64_t> key_times(const std::vector<ChunkPtr>& chunks) {
  std::vector<std::int64_t> out;
  for (const auto& chunk : chunks)
    if (chunk->key) out.push_back(chunk->start_us);
  return out;
}

/// What a transcode says, kept; waits for the end of a source.
class Kept {
 public:
  TranscodeSink sink() {
    return {.renditions =
                [this](const std::vector<Track>& tracks) {
                  const std::lock_guard lock(mutex_);
                  renditions_.push_back(tracks);
                },
            .chunk =
                [this](const ChunkPtr& chunk) {
                  const std::lock_guard lock(mutex_);
                  chunks_[chunk->track].push_back(chunk);
                  changed_.notify_all();
                },
            .thumbnail =
                [this](Thumbnail thumbnail) {
                  const std::lock_guard lock(mutex_);
                  thumbnails_.push_back(std::move(thumbnail));
                  changed_.notify_all();
                },
            .dropped =
                [this](const Track& track, const std::string&) {
                  const std::lock_guard lock(mutex_);
                  dropped_.push_back(track.name);
                },
            .returned =
                [this](const Track& track) {
                  const std::lock_guard lock(mutex_);
                  returned_.push_back(track.name);
                }};
  }
  /// Until `done` of what is kept, for at most 30 s.
  bool wait(const std::function<bool(Kept&)>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return done(*this); });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<Track>> renditions_;
  std::map<std::uint32_t, std::vector<ChunkPtr>> chunks_;
  std::vector<Thumbnail> thumbnails_;
  std::vector<std::string> dropped_, returned_;
};

/// Until nothing waits, for at most 30 s.
bool eventually_idle(const Transcode& transcode, Transcode::TimePoint now) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (transcode.status(now).lag != 0ms) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Times are rounded to the microsecond.
MATCHER_P(NearTo, slack, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= slack;
}

std::int64_t end_us(const std::vector<ChunkPtr>& chunks) {
  return chunks.empty() ? 0 : chunks.back()->start_us + chunks.back()->duration_us;
}

TEST(Rungs, AreReadHighestFirstWithNamesOfTheirOwn) {
  const auto ladder = parse_ladder(" 360p:500k, 720p:1500k,720p:2500k ");

  ASSERT_TRUE(ladder.ok());
  EXPECT_THAT(*ladder, ElementsAre(Rung{"720p", 720, 2'500}, Rung{"720p-1500k", 720, 1'500},
                                   Rung{"360p", 360, 500}));
  EXPECT_THAT(*parse_ladder(""), IsEmpty());
}

TEST(Rungs, ThatMakeNoSenseAreRefused) {
  for (const auto* text : {"720", "720p", "720p:", "p:1k", "720p:1500", "50p:500k", "720p:1k",
                           "360p:500k,,", "360p:500k,360p:500k", "99999999999p:500k",
                           "360p:1k,360p:2k,360p:3k,360p:4k,360p:5k,360p:6k,360p:7k,360p:8k,1p:9k"})
    EXPECT_FALSE(parse_ladder(text).ok()) << text;
}

TEST(Rungs, KeepTheShapeOfThePictureAndAreNeverLarger) {
  const auto ladder = *parse_ladder("720p:1500k,360p:500k");

  EXPECT_EQ(scaled(ladder[1], {1'920, 1'080}), (Size{640, 360}));
  EXPECT_EQ(scaled(ladder[1], {1'080, 1'920}), (Size{202, 360}));
  EXPECT_THAT(usable(ladder, {854, 480}), ElementsAre(ladder[1]));
}

/// How many pictures are decoded of a stream of one.
int pictures_of_size(const std::string& size) {
  Track track;
  track.timescale = 1;
  track.init = std::make_shared<const std::string>(test::encode_clip(
      {"-f", "lavfi", "-i", "color=size=" + size + ":rate=1", "-frames:v", "1", "-c:v", "libx264",
       "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-f", "mp4", "-movflags", "empty_moov"},
      "one.mp4"));
  const auto reader = PictureReader::open(track);
  if (!reader.ok()) return 0;
  Chunk nothing;
  nothing.bytes = std::make_shared<const std::string>();
  int pictures = 0;
  for (const auto& packet : (*reader)->packets(nothing))
    (*reader)->decode_alone(*packet, [&](const Picture&) { ++pictures; });
  return pictures;
}

TEST(PictureReader, DecodesNothingThatIsLargerThan8K) {
  EXPECT_EQ(pictures_of_size("64x36"), 1);
  EXPECT_EQ(pictures_of_size("8208x4336"), 0);
}

TEST(Transcode, RenditionsHaveTheSourcesKeyFramesTimesAndEveryPicture) {
  const auto& from = source();
  Kept kept;
  WorkerPool pool(2);
  const auto transcode = std::make_shared<Transcode>(
      pool, from.tracks.at(0),
      TranscodeOptions{.rungs = *parse_ladder("180p:300k,90p:100k"), .lag = {.max_lag = 60s}},
      kept.sink());

  for (const auto& chunk : from.chunks) transcode->push(chunk, std::chrono::steady_clock::now());

  // The decoder keeps the last pictures back until it is told of the end, which live never comes.
  const auto almost = end_us(from.chunks) - 300'000;
  ASSERT_TRUE(kept.wait([&](Kept& k) {
    return k.chunks_.size() == 2 && end_us(k.chunks_[3]) >= almost &&
           end_us(k.chunks_[4]) >= almost;
  }));
  transcode->stop();
  const std::lock_guard lock(kept.mutex_);
  ASSERT_EQ(kept.renditions_.size(), 1U);
  EXPECT_EQ(kept.renditions_[0][0].name, "180p");
  EXPECT_EQ(kept.renditions_[0][0].width, 320);
  EXPECT_EQ(kept.renditions_[0][1].codecs.substr(0, 5), "avc1.");
  for (const auto& track : kept.renditions_[0]) {
    const auto& chunks = kept.chunks_[track.id];
    EXPECT_THAT(key_times(chunks), testing::Pointwise(NearTo(12), key_times(from.chunks)));
    std::int64_t expected = chunks.front()->start_us;
    std::uint64_t sequence = 0, frames = 0;
    test::TempDir dir;
    std::ofstream file(dir / "rendition.mp4", std::ios::binary);
    file << *track.init;
    for (const auto& chunk : chunks) {
      EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(expected), 12);
      EXPECT_EQ(chunk->sequence, ++sequence);
      expected = chunk->start_us + chunk->duration_us;
      frames += chunk->frames;
      file << *chunk->bytes;
      EXPECT_TRUE(sim::parse_fragment(*chunk->bytes).ok());
    }
    EXPECT_NEAR(static_cast<double>(expected) * 30 / 1e6, static_cast<double>(frames), 0.1);
    file.close();
    EXPECT_EQ(test::run_tool({"ffmpeg", "-v", "error", "-xerror", "-i", dir / "rendition.mp4", "-f",
                              "null", "-"})
                  .err,
              "");
  }
}

TEST(Transcode, RenditionsAndThumbnailsHaveTheSourcesColoursAndShape) {
  // As of a broadcast: wide pixels, and colours that a small picture would not be taken to have.
  const auto from =
      test::package_bytes(test::encode_clip({"-f",
                                             "lavfi",
                                             "-i",
                                             "testsrc2=size=720x576:rate=25,setsar=64/45",
                                             "-t",
                                             "1",
                                             "-c:v",
                                             "libx264",
                                             "-preset",
                                             "ultrafast",
                                             "-tune",
                                             "zerolatency",
                                             "-g",
                                             "25",
                                             "-pix_fmt",
                                             "yuv420p",
                                             "-color_range",
                                             "pc",
                                             "-colorspace",
                                             "bt709",
                                             "-color_primaries",
                                             "bt709",
                                             "-color_trc",
                                             "bt709"},
                                            "clip.ts"),
                          {.chunk_ms = 100});
  Kept kept;
  WorkerPool pool(1);
  const auto transcode = std::make_shared<Transcode>(
      pool, from.tracks.at(0),
      TranscodeOptions{
          .rungs = *parse_ladder("180p:300k"), .lag = {.max_lag = 60s}, .thumbnail_every = 1'000ms},
      kept.sink());

  for (const auto& chunk : from.chunks) transcode->push(chunk, std::chrono::steady_clock::now());

  ASSERT_TRUE(kept.wait([](Kept& k) { return k.chunks_[3].size() > 3 && !k.thumbnails_.empty(); }));
  transcode->stop();
  const std::lock_guard lock(kept.mutex_);
  const test::TempDir dir;
  {
    std::ofstream file(dir / "rendition.mp4", std::ios::binary);
    file << *kept.renditions_.at(0).at(0).init;
    for (const auto& chunk : kept.chunks_[3]) file << *chunk->bytes;
  }
  std::ofstream(dir / "thumbnail.jpg", std::ios::binary) << *kept.thumbnails_.at(0).jpeg;
  const auto shown = [&](const std::string& file, const std::string& entries) {
    return test::run_tool({"ffprobe", "-v", "error", "-show_entries", "stream=" + entries, "-of",
                           "csv=p=0", dir / file})
        .out;
  };
  EXPECT_EQ(shown("rendition.mp4", "width,height,display_aspect_ratio"), "226,180,16:9\n");
  EXPECT_EQ(shown("rendition.mp4", "color_range,color_space,color_transfer,color_primaries"),
            "tv,bt709,bt709,bt709\n")
      << "full range becomes limited, which all players show";
  EXPECT_EQ(shown("thumbnail.jpg", "width,height"), "320,180\n");
}

TEST(Transcode, ThatLagsGivesUpItsRenditionsFromTheTopAndNothingElseWaits) {
  const auto& from = source();
  Kept kept;
  WorkerPool pool(0);  // nobody works
  const auto transcode = std::make_shared<Transcode>(
      pool, from.tracks.at(0),
      TranscodeOptions{.rungs = *parse_ladder("360p:800k,180p:300k"), .lag = {.max_lag = 500ms}},
      kept.sink());
  const auto began = std::chrono::steady_clock::now();
  const auto at = [&](const ChunkPtr& chunk) {
    return began + std::chrono::microseconds(chunk->start_us);
  };

  std::size_t next = 0;
  for (; from.chunks[next]->start_us < 450'000; ++next)
    transcode->push(from.chunks[next], at(from.chunks[next]));
  EXPECT_THAT(kept.dropped_, IsEmpty());
  for (; from.chunks[next]->start_us < 1'000'000; ++next)
    transcode->push(from.chunks[next], at(from.chunks[next]));
  EXPECT_THAT(kept.dropped_, ElementsAre("360p"));
  EXPECT_GT(transcode->status(at(from.chunks[next])).lag, 500ms);
  for (; next < from.chunks.size(); ++next)
    transcode->push(from.chunks[next], at(from.chunks[next]));

  EXPECT_THAT(kept.dropped_, ElementsAre("360p", "180p"));
  const auto status = transcode->status(at(from.chunks.back()));
  EXPECT_EQ(status.rungs.at(0).state, RungState::dropped);
  EXPECT_EQ(status.rungs.at(1).state, RungState::dropped);
  EXPECT_EQ(status.lag, 0ms);
}

/// Its one worker waits until it is let go.
class HeldPool {
 public:
  HeldPool() {
    pool.post([this] {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return free_; });
    });
  }
  ~HeldPool() { let_go(); }
  void let_go() {
    const std::lock_guard lock(mutex_);
    free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool free_ = false;

 public:
  WorkerPool pool{1};  ///< last: its thread ends first
};

TEST(Transcode, WhatWasGivenUpComesBackWithAKeyFrameOnceItIsCalm) {
  const auto& from = source();
  Kept kept;
  HeldPool held;
  const auto transcode =
      std::make_shared<Transcode>(held.pool, from.tracks.at(0),
                                  TranscodeOptions{.rungs = *parse_ladder("180p:300k,90p:100k"),
                                                   .lag = {.max_lag = 200ms, .calm = 1'000ms}},
                                  kept.sink());
  const auto began = std::chrono::steady_clock::now();
  const auto push = [&](std::size_t i, std::chrono::microseconds late) {
    transcode->push(from.chunks[i],
                    began + std::chrono::microseconds(from.chunks[i]->start_us) + late);
  };
  // Nobody works for half a second, and two seconds pass until the next one goes too.
  std::size_t next = 0;
  for (; from.chunks[next]->start_us < 500'000; ++next) push(next, 0us);
  for (; from.chunks[next]->start_us < 700'000; ++next) push(next, 2'500ms);
  ASSERT_THAT(kept.dropped_, ElementsAre("180p", "90p"));
  held.let_go();

  // From here on the worker takes each chunk before the next one comes.
  const auto push_calmly = [&](std::size_t i) {
    push(i, 3'700ms);
    return eventually_idle(*transcode, began + 10s);
  };
  for (; from.chunks[next]->start_us < 900'000; ++next) ASSERT_TRUE(push_calmly(next));
  EXPECT_EQ(transcode->status(began).rungs.at(1).state, RungState::returning);
  EXPECT_EQ(transcode->status(began).rungs.at(0).state, RungState::dropped);
  for (; next < from.chunks.size(); ++next) ASSERT_TRUE(push_calmly(next));

  const auto almost = end_us(from.chunks) - 400'000;
  ASSERT_TRUE(kept.wait([&](Kept& k) { return end_us(k.chunks_[4]) >= almost; }));
  transcode->stop();
  const std::lock_guard lock(kept.mutex_);
  ASSERT_FALSE(kept.chunks_[4].empty());
  EXPECT_TRUE(kept.chunks_[4].front()->key);
  EXPECT_NEAR(static_cast<double>(kept.chunks_[4].front()->start_us), 1e6, 12)
      << "the first key frame after";
  EXPECT_THAT(kept.returned_, testing::Contains("90p"));
  EXPECT_THAT(kept.renditions_.back(), testing::Not(IsEmpty()));
  std::string file = *kept.renditions_.back().back().init;
  for (const auto& chunk : kept.chunks_[4]) file += *chunk->bytes;
  test::TempDir dir;
  std::ofstream(dir / "rendition.mp4", std::ios::binary) << file;
  EXPECT_EQ(test::run_tool({"ffmpeg", "-v", "error", "-xerror", "-i", dir / "rendition.mp4", "-f",
                            "null", "-"})
                .err,
            "");
}

TEST(Transcode, ThatCrashesCostsItsOwnRenditionsAndNoOthers) {
  const auto& from = source();
  Kept crashing, other;
  WorkerPool pool(1);
  const TranscodeOptions options{.rungs = *parse_ladder("180p:300k,90p:100k"),
                                 .lag = {.max_lag = 60s}};
  auto sink = crashing.sink();
  sink.chunk = [](const ChunkPtr&) { throw std::bad_alloc(); };
  const auto first = std::make_shared<Transcode>(pool, from.tracks.at(0), options, sink);
  const auto second = std::make_shared<Transcode>(pool, from.tracks.at(0), options, other.sink());

  for (const auto& chunk : from.chunks) {
    first->push(chunk, std::chrono::steady_clock::now());
    second->push(chunk, std::chrono::steady_clock::now());
  }

  const auto almost = end_us(from.chunks) - 300'000;
  EXPECT_TRUE(
      other.wait([&](Kept& k) { return k.chunks_.size() == 2 && end_us(k.chunks_[4]) >= almost; }));
  EXPECT_THAT(crashing.dropped_, ElementsAre("180p", "90p"));
  EXPECT_THAT(crashing.renditions_.back(), IsEmpty());
  first->push(from.chunks.front(), std::chrono::steady_clock::now());
  EXPECT_EQ(first->status(std::chrono::steady_clock::now()).lag, 0ms) << "it takes no more";
  second->stop();
}

TEST(Transcode, AfterAHoleRenditionsGoOnWithTheNextKeyFrame) {
  const auto& from = source();
  Kept kept;
  WorkerPool pool(1);
  const auto transcode = std::make_shared<Transcode>(
      pool, from.tracks.at(0),
      TranscodeOptions{.rungs = *parse_ladder("90p:100k"), .lag = {.max_lag = 60s}}, kept.sink());

  for (const auto& chunk : from.chunks)
    if (chunk->start_us < 500'000 || chunk->start_us > 700'000)
      transcode->push(chunk, std::chrono::steady_clock::now());

  ASSERT_TRUE(kept.wait([&](Kept& k) { return end_us(k.chunks_[3]) > 2'500'000; }));
  transcode->stop();
  const std::lock_guard lock(kept.mutex_);
  EXPECT_THAT(key_times(kept.chunks_[3]), testing::Pointwise(NearTo(12), key_times(from.chunks)));
  for (const auto& chunk : kept.chunks_[3])
    EXPECT_TRUE(chunk->start_us < 500'000 || chunk->start_us > 990'000) << chunk->start_us;
}

TEST(Transcode, MakesThumbnailsOfKeyFramesAloneWhenThereIsNothingElseToMake) {
  const auto& from = source();
  Kept kept;
  WorkerPool pool(1);
  const auto transcode = std::make_shared<Transcode>(
      pool, from.tracks.at(0), TranscodeOptions{.thumbnail_every = 1'500ms}, kept.sink());

  for (const auto& chunk : from.chunks) {
    transcode->push(chunk, std::chrono::steady_clock::now());
    if (!chunk->key) continue;
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (transcode->status(end).lag != 0ms && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
  }

  ASSERT_TRUE(kept.wait([](Kept& k) { return k.thumbnails_.size() == 2; }));
  EXPECT_THAT(kept.chunks_, IsEmpty());
  EXPECT_EQ(kept.thumbnails_[0].jpeg->substr(0, 2), "\xFF\xD8");
  EXPECT_NEAR(static_cast<double>(kept.thumbnails_[1].media_us), 2e6, 1e5);
}

TEST(Ladder, ForgetsAPublicationThatStopsAndTakesTheNext) {
  const auto& from = source();
  Metrics metrics;
  std::mutex mutex;
  std::map<std::uint64_t, std::size_t> chunks;
  std::condition_variable changed;
  Ladder ladder({.rungs = *parse_ladder("90p:100k"), .workers = 1, .max_lag = 60s}, metrics,
                {.renditions = [](const auto&, auto, const auto&) {},
                 .chunk =
                     [&](const std::string&, std::uint64_t epoch, const ChunkPtr&) {
                       const std::lock_guard lock(mutex);
                       ++chunks[epoch];
                       changed.notify_all();
                     },
                 .thumbnail = {}});

  for (const std::uint64_t epoch : {1U, 2U}) {
    ladder.start("a", epoch, from.tracks);
    for (const auto& chunk : from.chunks) ladder.push("a", chunk);
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 30s, [&] { return chunks[epoch] > 5; }));
  }
  EXPECT_TRUE(ladder.status("a").has_value());
  EXPECT_NE(metrics.expose().find("troupe_live_ladder_renditions 1"), std::string::npos);
  ladder.stop("a");

  EXPECT_FALSE(ladder.status("a").has_value());
  EXPECT_NE(metrics.expose().find("troupe_live_ladder_renditions 0"), std::string::npos);
}

TEST(Ladder, SaysAtOnceThatASmallPictureOrNoneGetsNoRenditions) {
  Metrics metrics;
  std::vector<std::size_t> told;
  Ladder ladder(
      {.rungs = *parse_ladder("1080p:5000k"), .workers = 1}, metrics,
      {.renditions = [&](const auto&, auto, const auto& tracks) { told.push_back(tracks.size()); },
       .chunk = [](const auto&, auto, const auto&) {},
       .thumbnail = {}});

  ladder.start("small", 1, source().tracks);
  ladder.start("silent film, without film", 1, {});

  EXPECT_THAT(told, ElementsAre(0U, 0U));
}

}  // namespace
}  // namespace troupe::media

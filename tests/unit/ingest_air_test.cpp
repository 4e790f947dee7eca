// A publisher and its backup on one timeline: with real chunks, and time that the test gives.
#include <fstream>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

#include "media/packager.hpp"
#include "net/ingest/air.hpp"
#include "sim/child_process.hpp"
#include "sim/fragment.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::ingest {
namespace {

using namespace std::chrono_literals;
using Time = Air::Time;

struct Encoded {
  std::vector<media::Track> tracks;
  std::vector<media::ChunkPtr> chunks;
};

/// Four seconds with a key frame each second, as an encoder's chunks.
Encoded encode(const std::string& size) {
  const test::TempDir dir;
  const auto path = dir / "clip.ts";
  auto child = sim::ChildProcess::start({"ffmpeg",
                                         "-loglevel",
                                         "error",
                                         "-f",
                                         "lavfi",
                                         "-i",
                                         "testsrc2=size=" + size + ":rate=30",
                                         "-f",
                                         "lavfi",
                                         "-i",
                                         "sine=sample_rate=48000",
                                         "-t",
                                         "4",
                                         "-c:v",
                                         "libx264",
                                         "-preset",
                                         "ultrafast",
                                         "-tune",
                                         "zerolatency",
                                         "-g",
                                         "30",
                                         "-pix_fmt",
                                         "yuv420p",
                                         "-c:a",
                                         "aac",
                                         "-f",
                                         "mpegts",
                                         path},
                                        {.stderr_path = "-"});
  EXPECT_EQ(child->wait(30s), 0);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  Encoded out;
  std::size_t at = 0;
  const auto done = media::package_stream(
      [&](std::span<std::uint8_t> buffer) {
        const auto count = std::min(buffer.size(), bytes.size() - at);
        std::copy_n(bytes.data() + at, count, buffer.data());
        at += count;
        return count;
      },
      {.tracks = [&](std::vector<media::Track> tracks) { out.tracks = std::move(tracks); },
       .chunk =
           [&](media::ChunkPtr chunk) {
             out.chunks.push_back(std::move(chunk));
             return true;
           }},
      {});
  EXPECT_TRUE(done.ok());
  return out;
}

const Encoded& small() {
  static const auto clip = encode("160x90");
  return clip;
}
const Encoded& large() {
  static const auto clip = encode("320x180");
  return clip;
}

/// What came out, and whether it was one timeline.
struct Viewer {
  int publications = 0;
  std::vector<media::ChunkPtr> chunks;
  Result<void> verdict;
};

class Out final : public PublishSink {
 public:
  explicit Out(Viewer& viewer) : viewer_(viewer) {}
  void tracks(std::vector<media::Track>) override {
    ++viewer_.publications;
    viewer_.chunks.clear();
  }
  Result<void> chunk(media::ChunkPtr chunk) override {
    viewer_.chunks.push_back(std::move(chunk));
    return viewer_.verdict;
  }

 private:
  Viewer& viewer_;
};

/// No hole, no step back, in what chunks say and in what their bytes say.
void expect_one_timeline(const Viewer& viewer, const std::vector<media::Track>& tracks) {
  std::map<std::uint32_t, std::int64_t> end;
  std::map<std::uint32_t, std::uint32_t> fragment;
  std::uint64_t sequence = 0;
  for (const auto& chunk : viewer.chunks) {
    EXPECT_EQ(chunk->sequence, ++sequence);
    const auto bytes = sim::parse_fragment(*chunk->bytes);
    ASSERT_TRUE(bytes.ok()) << bytes.error().detail;
    EXPECT_EQ(bytes->sequence, ++fragment[chunk->track]);
    EXPECT_NEAR(static_cast<double>(bytes->decode_time) * 1e6 / tracks[chunk->track - 1].timescale,
                static_cast<double>(chunk->start_us), 50);
    const auto began = end.find(chunk->track) == end.end();
    if (!began) {
      EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(end[chunk->track]),
                  2'000)
          << "track " << chunk->track;
    }
    end[chunk->track] = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(end[1]), static_cast<double>(end[2]), 250'000)
      << "picture and sound agree";
}

struct AirTest : ::testing::Test {
  Viewer viewer;
  AirOptions options;
  Time zero = Time{} + 1h;
  std::unique_ptr<Air> air;

  void open() { air = std::make_unique<Air>(std::make_unique<Out>(viewer), options); }

  struct Feed {
    Role role;
    const Encoded* clip;
    Time begun;
    std::size_t next = 0;

    [[nodiscard]] Time due() const {
      const auto& chunk = *clip->chunks[next];
      return begun + std::chrono::microseconds(chunk.start_us + chunk.duration_us);
    }
  };
  std::vector<Feed> feeds;

  void join(Role role, const Encoded& clip, Time at) {
    run_until(at);
    ASSERT_TRUE(air->join(role, at).ok());
    air->tracks(role, clip.tracks, at);
    feeds.push_back({role, &clip, at});
  }
  void fall_silent(Role role) {
    std::erase_if(feeds, [role](const Feed& feed) { return feed.role == role; });
  }
  void leave(Role role, Time at) {
    run_until(at);
    fall_silent(role);
    air->leave(role, at);
  }

  /// Everybody's chunks in the order in which they come.
  void run_until(Time end) {
    while (true) {
      Feed* first = nullptr;
      for (auto& feed : feeds) {
        if (feed.next == feed.clip->chunks.size() || feed.due() > end) continue;
        if (first == nullptr || feed.due() < first->due()) first = &feed;
      }
      if (first == nullptr) return;
      auto chunk = std::make_shared<media::Chunk>(*first->clip->chunks[first->next]);
      chunk->completed = first->due();
      ++first->next;
      last = air->chunk(first->role, chunk, chunk->completed);
    }
  }
  Result<void> last;
};

TEST_F(AirTest, WhenThePublisherLeavesTheBackupGoesOnWithoutAHole) {
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 350ms);
  run_until(zero + 2'100ms);
  const auto before = viewer.chunks.size();

  leave(Role::primary, zero + 2'150ms);

  EXPECT_GT(viewer.chunks.size(), before) << "at once";
  run_until(zero + 3s);
  EXPECT_EQ(viewer.publications, 1) << "players notice nothing";
  EXPECT_EQ(air->status().on_air, Role::backup);
  EXPECT_LT(air->status().gap_ms, 160);
  expect_one_timeline(viewer, small().tracks);
}

TEST_F(AirTest, APublisherThatFallsSilentGivesWay) {
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 100ms);
  run_until(zero + 1'500ms);
  fall_silent(Role::primary);
  run_until(zero + 2'300ms);
  EXPECT_EQ(air->status().on_air, Role::primary) << "not yet";

  run_until(zero + 2'700ms);

  EXPECT_EQ(air->status().on_air, Role::backup);
  EXPECT_NEAR(air->status().gap_ms, 1'050, 60);
  run_until(zero + 4s);
  expect_one_timeline(viewer, small().tracks);
}

TEST_F(AirTest, WhatStandsByIsKeptFromTheLastKeyFrameOnly) {
  options.max_held_bytes = 1U << 20;
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 50ms);
  run_until(zero + 3'900ms);

  leave(Role::primary, zero + 3'950ms);

  // Less than a second is seen again.
  const auto& end = *viewer.chunks.back();
  EXPECT_LT(end.start_us + end.duration_us, 5'000'000);
  EXPECT_GT(end.start_us + end.duration_us, 4'000'000);
  expect_one_timeline(viewer, small().tracks);
}

TEST_F(AirTest, WhatStandsByHasABound) {
  options.max_held_bytes = 2 * small().chunks[0]->bytes->size();  // less than a second
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 50ms);
  run_until(zero + 2'900ms);

  leave(Role::primary, zero + 2'950ms);
  run_until(zero + 4s);

  EXPECT_EQ(air->status().on_air, Role::backup) << "with its next key frame";
  expect_one_timeline(viewer, small().tracks);
}

TEST_F(AirTest, OtherParametersAreANewPublication) {
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, large(), zero + 50ms);
  run_until(zero + 2s);

  leave(Role::primary, zero + 2s);
  run_until(zero + 3s);

  EXPECT_EQ(viewer.publications, 2);
  ASSERT_FALSE(viewer.chunks.empty());
  EXPECT_LT(viewer.chunks.front()->start_us, 100'000) << "whose time begins anew";
}

TEST_F(AirTest, ThePublisherThatCameBackGoesOnAirAfterAWhile) {
  options.return_after = 1s;
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 20ms);
  leave(Role::primary, zero + 900ms);
  ASSERT_EQ(air->status().on_air, Role::backup);

  join(Role::primary, small(), zero + 1'200ms);
  run_until(zero + 2'100ms);
  EXPECT_EQ(air->status().on_air, Role::backup) << "it has to prove itself";
  run_until(zero + 3'900ms);

  EXPECT_EQ(air->status().on_air, Role::primary);
  EXPECT_EQ(air->status().switches, 2U);
  EXPECT_EQ(viewer.publications, 1);
  expect_one_timeline(viewer, small().tracks);
}

TEST_F(AirTest, OnceBackIsTheRuleAndOffOnRequest) {
  options.return_after = 0s;
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 20ms);
  leave(Role::primary, zero + 500ms);
  join(Role::primary, small(), zero + 600ms);

  run_until(zero + 4s);

  EXPECT_EQ(air->status().on_air, Role::backup);
}

TEST_F(AirTest, ThereIsOneOfEach) {
  open();
  join(Role::primary, small(), zero);

  EXPECT_EQ(air->join(Role::primary, zero).code(), ErrorCode::conflict);
  EXPECT_TRUE(air->join(Role::backup, zero).ok());
  EXPECT_EQ(air->may_join(Role::backup).code(), ErrorCode::conflict);
  EXPECT_TRUE(air->status().standing_by);
}

TEST_F(AirTest, AReplacedKeyEndsBoth) {
  open();
  join(Role::primary, small(), zero);
  join(Role::backup, small(), zero + 20ms);
  run_until(zero + 1s);
  viewer.verdict = error(ErrorCode::forbidden, "the publish key was replaced");
  run_until(zero + 1'200ms);

  EXPECT_EQ(air->chunk(Role::primary, small().chunks[0], zero + 2s).code(), ErrorCode::forbidden);
  EXPECT_EQ(air->chunk(Role::backup, small().chunks[0], zero + 2s).code(), ErrorCode::forbidden);
  EXPECT_TRUE(air->closed());
}

}  // namespace
}  // namespace troupe::ingest

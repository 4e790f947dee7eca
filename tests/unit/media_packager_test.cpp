#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "media/hevc_sets.hpp"
#include "media/packager.hpp"
#include "sim/fragment.hpp"
#include "tests/support/packaged_media.hpp"

namespace troupe::media {
namespace {

using test::Packaged;
using test::read_file;

std::string run(const std::vector<std::string>& argv) {
  return test::run_tool(argv).out;
}

/// Four seconds of picture and tone as MPEG-TS, made once.
const std::string& clip() {
  static const std::string bytes = [] {
    return test::encode_clip(
        {"-f",      "lavfi",     "-i",       "testsrc2=size=320x180:rate=30",
         "-f",      "lavfi",     "-i",       "sine=frequency=440:sample_rate=44100",
         "-t",      "4",         "-c:v",     "libx264",
         "-preset", "ultrafast", "-tune",    "zerolatency",
         "-g",      "30",        "-pix_fmt", "yuv420p",
         "-c:a",    "aac",       "-f",       "mpegts"},
        "clip.ts");
  }();
  return bytes;
}

Packaged package(const std::string& bytes, int chunk_ms = 100) {
  return test::package_bytes(bytes, {.chunk_ms = chunk_ms});
}

TEST(Packager, EachTrackIsDescribedAsAPlayerNeedsIt) {
  const auto out = package(clip());

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  ASSERT_EQ(out.tracks.size(), 2U);
  EXPECT_EQ(out.tracks[0].codecs.substr(0, 5), "avc1.");
  EXPECT_EQ(out.tracks[0].width, 320);
  EXPECT_EQ(out.tracks[1].codecs, "mp4a.40.2");
  EXPECT_EQ(out.tracks[1].sample_rate, 44'100);
  for (const auto& track : out.tracks) {
    const auto init = sim::parse_fragment(*track.init);
    ASSERT_TRUE(init.ok()) << init.error().detail;
    EXPECT_TRUE(init->init);
  }
}

TEST(Packager, ChunksAreContinuousInTimeAndTheirBytesSayTheSame) {
  const auto out = package(clip());

  std::map<std::uint32_t, std::int64_t> end;
  for (const auto& chunk : out.chunks) {
    const auto fragment = sim::parse_fragment(*chunk->bytes);
    ASSERT_TRUE(fragment.ok()) << fragment.error().detail;
    EXPECT_EQ(fragment->track, chunk->track);
    const double timescale = out.tracks[chunk->track - 1].timescale;
    EXPECT_NEAR(static_cast<double>(fragment->decode_time) / timescale * 1e6,
                static_cast<double>(chunk->start_us), 100);
    if (end.count(chunk->track) != 0) {
      EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(end[chunk->track]),
                  1'500);
    }
    end[chunk->track] = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(end[1]), 4e6, 150'000);
  EXPECT_NEAR(static_cast<double>(end[1]), static_cast<double>(end[2]), 150'000)
      << "picture and tone end together";
}

TEST(Packager, AKeyFrameBeginsAChunkEverySecond) {
  const auto out = package(clip());

  std::vector<std::int64_t> keys;
  for (const auto& chunk : out.chunks) {
    if (chunk->track == 1 && chunk->key) keys.push_back(chunk->start_us);
    EXPECT_LE(chunk->duration_us, 140'000);
  }
  ASSERT_EQ(keys.size(), 4U);
  for (std::size_t i = 1; i < keys.size(); ++i)
    EXPECT_NEAR(static_cast<double>(keys[i] - keys[i - 1]), 1e6, 1'000);
}

TEST(Packager, PerFrameChunksHoldOneFrameEach) {
  const auto out = package(clip(), 0);

  const auto video = std::count_if(out.chunks.begin(), out.chunks.end(),
                                   [](const ChunkPtr& c) { return c->track == 1; });
  EXPECT_EQ(static_cast<std::uint64_t>(video), out.outcome->video_frames);
  EXPECT_GE(video, 118);
}

TEST(Packager, WhatComesOutDecodesWithoutAnError) {
  const auto out = package(clip());
  test::TempDir dir;
  for (const auto& track : out.tracks) {
    const auto path = dir / ("track" + std::to_string(track.id) + ".mp4");
    std::ofstream file(path, std::ios::binary);
    file << *track.init;
    for (const auto& chunk : out.chunks) {
      if (chunk->track == track.id) file << *chunk->bytes;
    }
    file.close();
    const auto frames = run({"ffprobe", "-v", "error", "-count_frames", "-show_entries",
                             "stream=nb_read_frames", "-of", "csv=p=0", path});
    const auto expected = track.id == 1 ? out.outcome->video_frames : out.outcome->audio_frames;
    EXPECT_NEAR(std::stod(frames), static_cast<double>(expected), 2);
    EXPECT_EQ(run({"ffmpeg", "-v", "error", "-xerror", "-i", path, "-f", "null", "-"}), "");
  }
}

TEST(Packager, TruncatedAndGarbledInputEndsWithAnErrorOrAShorterStream) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto bytes = clip().substr(0, random() % clip().size());
    for (int i = 0; i < 200 && !bytes.empty(); ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());

    const auto out = package(bytes);

    EXPECT_TRUE(out.outcome.ok() || out.outcome.code() != ErrorCode::internal);
  }
  EXPECT_EQ(package(std::string(300'000, 'x')).outcome.code(), ErrorCode::corrupt);
  EXPECT_FALSE(package("").outcome.ok());
}

TEST(Packager, OtherCodecsAreRefusedByName) {
  test::TempDir dir;
  run({"ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30",
       "-t", "1", "-c:v", "mpeg2video", "-f", "mpegts", dir / "clip.ts"});

  const auto out = package(read_file(dir / "clip.ts"));

  ASSERT_FALSE(out.outcome.ok());
  EXPECT_EQ(out.outcome.code(), ErrorCode::unsupported);
  EXPECT_EQ(out.outcome.error().detail, "video must be H.264 or HEVC, not mpeg2video");
}

/// Two seconds of HEVC in MPEG-TS, a key frame each second with its parameter sets before it.
std::string hevc_clip(const std::string& size, const std::string& more = {}) {
  return test::encode_clip(
      {"-f",       "lavfi",     "-i",           "testsrc2=size=" + size + ":rate=30",
       "-f",       "lavfi",     "-i",           "sine=frequency=440:sample_rate=48000",
       "-t",       "2",         "-c:v",         "libx265",
       "-preset",  "ultrafast", "-x265-params", "log-level=none:keyint=30:repeat-headers=1" + more,
       "-pix_fmt", "yuv420p",   "-c:a",         "aac"},
      "clip.ts");
}

TEST(Packager, HevcInMpegTsBecomesCmafWithItsParameterSetsInTheInitSegment) {
  const auto out = package(hevc_clip("320x180", ":bframes=3"));

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  ASSERT_EQ(out.tracks.size(), 2U);
  EXPECT_EQ(out.tracks[0].codecs, "hvc1.1.6.L60.90");
  EXPECT_EQ(out.outcome->video_frames, 60U);
  const test::TempDir dir;
  std::ofstream file(dir / "video.mp4", std::ios::binary);
  file << *out.tracks[0].init;
  for (const auto& chunk : out.chunks)
    if (chunk->track == 1) file << *chunk->bytes;
  file.close();
  EXPECT_EQ(run({"ffprobe", "-v", "error", "-count_frames", "-show_entries",
                 "stream=codec_name,codec_tag_string,width,nb_read_frames", "-of", "csv=p=0",
                 dir / "video.mp4"}),
            "hevc,hvc1,320,60\n");
  EXPECT_EQ(test::run_tool(
                {"ffmpeg", "-v", "error", "-xerror", "-i", dir / "video.mp4", "-f", "null", "-"})
                .err,
            "");
}

TEST(Packager, HevcWhoseParametersChangeHasToPublishAnew) {
  const auto out = package(hevc_clip("320x180") + hevc_clip("640x360"));

  EXPECT_EQ(out.outcome.code(), ErrorCode::unsupported);
  EXPECT_EQ(out.outcome.error().detail, "the picture's parameters changed: publish anew");
  EXPECT_FALSE(out.chunks.empty());
}

TEST(HevcSets, AreThoseBeforeTheFirstSlice) {
  const std::vector<std::uint8_t> bytes{0,    0, 0, 1, 0x40, 1, 0xAA, 0, 0, 0,    1,    0x42,
                                        1,    0, 0, 1, 0x4E, 1, 5,    0, 0, 1,    0x44, 1,
                                        0xBB, 0, 0, 1, 0x26, 1, 0,    0, 1, 0x44, 1,    0xCC};

  EXPECT_EQ(hevc_parameter_sets(bytes),
            (std::set<std::string>{"\x40\x01\xAA", "\x42\x01", "\x44\x01\xBB"}));
  EXPECT_TRUE(hevc_parameter_sets({}).empty());
  EXPECT_TRUE(hevc_parameter_sets(std::vector<std::uint8_t>{0, 0, 1}).empty());
}

}  // namespace
}  // namespace troupe::media

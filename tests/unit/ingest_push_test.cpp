// What HTTP and WebSocket publishers bring: fragmented MP4 and WebM into chunks, bytes through a
// bounded pipe.
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/mp4_fragments.hpp"
#include "media/opus.hpp"
#include "media/packager.hpp"
#include "net/ingest/byte_pipe.hpp"
#include "sim/fragment.hpp"
#include "tests/support/packaged_media.hpp"

namespace troupe::media {
namespace {

using namespace std::chrono_literals;
using test::Packaged;
using test::read_file;
using ::testing::HasSubstr;

/// Three seconds of picture and tone in the given codecs and container.
std::string clip(const std::vector<std::string>& output, const std::string& name) {
  std::vector<std::string> arguments{
      "-f", "lavfi", "-i",       "testsrc2=size=320x180:rate=30",
      "-f", "lavfi", "-i",       "sine=frequency=440:sample_rate=48000",
      "-t", "3",     "-pix_fmt", "yuv420p",
      "-g", "30"};
  arguments.insert(arguments.end(), output.begin(), output.end());
  return test::encode_clip(arguments, name);
}

const std::string& fragmented() {
  static const auto bytes =
      clip({"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac", "-f", "mp4",
            "-movflags", "empty_moov+frag_keyframe+default_base_moof", "-frag_duration", "200000"},
           "clip.mp4");
  return bytes;
}

Packaged package(const std::string& bytes, Container container) {
  return test::package_bytes(bytes, {.container = container}, 999);
}

/// Every track continuous, what the chunks say and what their bytes say the same.
void expect_continuous(const Packaged& out) {
  std::map<std::uint32_t, std::int64_t> end;
  for (const auto& chunk : out.chunks) {
    const auto fragment = sim::parse_fragment(*chunk->bytes);
    ASSERT_TRUE(fragment.ok()) << fragment.error().detail;
    if (end.count(chunk->track) != 0) {
      EXPECT_NEAR(static_cast<double>(chunk->start_us), static_cast<double>(end[chunk->track]),
                  2'500);
    }
    end[chunk->track] = chunk->start_us + chunk->duration_us;
  }
  for (const auto& [track, us] : end) EXPECT_NEAR(static_cast<double>(us), 3e6, 150'000) << track;
}

TEST(FragmentedMp4, BecomesChunksOfEachTrackWithoutAHole) {
  const auto out = package(fragmented(), Container::fragmented_mp4);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_EQ(out.outcome->video_frames, 90U);
  EXPECT_NEAR(static_cast<double>(out.outcome->audio_frames), 3 * 48'000 / 1024, 2);
  EXPECT_EQ(out.outcome->repaired_timestamps, 0U);
  ASSERT_EQ(out.tracks.size(), 2U);
  EXPECT_THAT(out.tracks[0].codecs, HasSubstr("avc1."));
  EXPECT_EQ(out.tracks[0].width, 320);
  EXPECT_EQ(out.tracks[1].codecs, "mp4a.40.2");
  expect_continuous(out);
}

TEST(FragmentedMp4, PlacesOfSamplesMayBeAbsolute) {
  const auto bytes = clip({"-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libopus", "-f",
                           "mp4", "-movflags", "empty_moov+frag_keyframe"},
                          "clip.mp4");

  const auto out = package(bytes, Container::fragmented_mp4);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_EQ(out.outcome->video_frames, 90U);
  EXPECT_EQ(out.tracks[1].codecs, "opus");
  EXPECT_EQ(out.tracks[1].mime, "audio/mp4; codecs=\"opus\"");
  expect_continuous(out);
}

TEST(FragmentedMp4, AFileThatIsNotFragmentedIsRefusedBeforeItsPictures) {
  const auto bytes = clip(
      {"-c:v", "libx264", "-preset", "ultrafast", "-an", "-f", "mp4", "-movflags", "faststart"},
      "clip.mp4");

  const auto out = package(bytes, Container::fragmented_mp4);

  EXPECT_EQ(out.outcome.code(), ErrorCode::unsupported);
  EXPECT_THAT(out.outcome.error().detail, HasSubstr("not fragmented"));
}

TEST(FragmentedMp4, IsCutAnywhereWithoutHarm) {
  for (std::size_t size = 0; size < fragmented().size(); size += 7'919) {
    const auto out = package(fragmented().substr(0, size), Container::fragmented_mp4);
    EXPECT_TRUE(out.outcome.ok() || out.outcome.code() == ErrorCode::corrupt) << size;
  }
}

std::string be32(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}
std::string box(const std::string& type, const std::string& payload) {
  return be32(static_cast<std::uint32_t>(payload.size() + 8)) + type + payload;
}

TEST(FragmentedMp4, AFragmentCannotPromiseMoreSamplesThanAreAllowed) {
  std::vector<Mp4Track> tracks{{.id = 1, .duration = 1, .size = 0}};
  const auto moof =
      box("traf", box("tfhd", be32(0) + be32(1)) + box("trun", be32(0) + be32(0xFFFFFFFF)));

  EXPECT_EQ(parse_mp4_fragment(moof, 0, tracks).code(), ErrorCode::too_large);
}

TEST(FragmentedMp4, SamplesOfUnknownTracksCountToo) {
  std::vector<Mp4Track> tracks{{.id = 1, .duration = 1, .size = 0}};
  const auto run = box("trun", be32(0) + be32(5'000));  // of defaults: no bytes for each
  const auto head = box("tfhd", be32(0) + be32(7));

  EXPECT_TRUE(parse_mp4_fragment(box("traf", head + run + run), 0, tracks)->empty());
  EXPECT_EQ(parse_mp4_fragment(box("traf", head + run + run + run), 0, tracks).code(),
            ErrorCode::too_large);
  const auto apart = box("traf", head + run) + box("traf", head + run) + box("traf", head + run);
  EXPECT_EQ(parse_mp4_fragment(apart, 0, tracks).code(), ErrorCode::too_large);
}

// 2^33 of 90 kHz are 95,443.7 s.
TEST(TransportStream, ClocksThatComeRoundAreNoJump) {
  const auto bytes = clip({"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac",
                           "-f", "mpegts", "-output_ts_offset", "95442.2"},
                          "clip.ts");

  const auto out = package(bytes, Container::mpegts);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  EXPECT_EQ(out.outcome->video_frames, 90U);
  EXPECT_EQ(out.outcome->repaired_timestamps, 0U);
  expect_continuous(out);
}

TEST(TransportStream, SoundAndPictureStayInStepOverJumps) {
  std::string bytes;
  for (const char* offset : {"10", "5000", "200", "90000", "30"})
    bytes += clip({"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "aac",
                   "-f", "mpegts", "-output_ts_offset", offset},
                  "clip.ts");

  const auto out = package(bytes, Container::mpegts);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  std::map<std::uint32_t, std::int64_t> end;
  for (const auto& chunk : out.chunks) {
    EXPECT_GE(chunk->start_us + 2'500, end[chunk->track]);
    EXPECT_LT(chunk->start_us, end[chunk->track] + 250'000);
    end[chunk->track] = chunk->start_us + chunk->duration_us;
  }
  EXPECT_NEAR(static_cast<double>(end[1]), static_cast<double>(end[2]), 100'000);
  EXPECT_NEAR(static_cast<double>(end[1]), 15e6, 600'000);
}

TEST(WebM, OfABrowsersRecorderBecomesChunks) {
  const auto bytes = clip({"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a",
                           "libopus", "-f", "webm", "-live", "1"},
                          "clip.webm");

  const auto out = package(bytes, Container::webm);

  ASSERT_TRUE(out.outcome.ok()) << out.outcome.error().detail;
  ASSERT_EQ(out.tracks.size(), 2U);
  EXPECT_THAT(out.tracks[0].codecs, HasSubstr("vp09.00."));
  EXPECT_EQ(out.tracks[1].codecs, "opus");
  EXPECT_EQ(out.outcome->video_frames, 90U);
  expect_continuous(out);
}

TEST(WebM, VP8IsRefusedByName) {
  const auto bytes =
      clip({"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-an", "-f", "webm"},
           "clip.webm");

  const auto out = package(bytes, Container::webm);

  EXPECT_EQ(out.outcome.code(), ErrorCode::unsupported);
  EXPECT_THAT(out.outcome.error().detail, HasSubstr("not vp8"));
}

TEST(PushedBytes, ThatAreBrokenAnywhereEndInAnErrorAtMost) {
  static const auto webm = clip({"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8",
                                 "-c:a", "libopus", "-f", "webm", "-live", "1"},
                                "clip.webm");
  for (unsigned seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const bool mp4 = seed % 3 != 0;
    auto bytes = (mp4 ? fragmented() : webm).substr(0, 30'000);
    for (unsigned i = 0; i < 1 + seed % 20; ++i)
      bytes[random() % (seed % 2 == 0 ? bytes.size() : 1'500)] = static_cast<char>(random());

    const auto out = package(bytes, mp4 ? Container::fragmented_mp4 : Container::webm);

    EXPECT_TRUE(out.outcome.ok() || !out.outcome.error().detail.empty());
  }
}

// RFC 6716, section 3.1: configuration, then how many frames.
TEST(Opus, APacketTellsItsLength) {
  const auto samples = [](std::vector<std::uint8_t> bytes) { return opus_samples(bytes); };

  EXPECT_EQ(samples({0x08}), 960) << "SILK, 20 ms, one frame";
  EXPECT_EQ(samples({0x19}), 2 * 2880) << "SILK, 60 ms, two frames";
  EXPECT_EQ(samples({0x60}), 480) << "hybrid, 10 ms";
  EXPECT_EQ(samples({0xFC}), 960) << "CELT, 20 ms";
  EXPECT_EQ(samples({0x83, 0x03}), 3 * 120) << "CELT, 2.5 ms, three of them";
  EXPECT_EQ(samples({}), 0);
  EXPECT_EQ(samples({0x1B, 0x3F}), 0) << "longer than 120 ms";
}

}  // namespace
}  // namespace troupe::media

namespace troupe::ingest {
namespace {

using namespace std::chrono_literals;

TEST(BytePipe, IsFullAtItsBoundAndTellsWhenThereIsRoom) {
  int room = 0;
  BytePipe pipe(1'000, [&] { ++room; });

  EXPECT_TRUE(pipe.write(std::string(500, 'a')));
  EXPECT_FALSE(pipe.write(std::string(500, 'b')));

  std::vector<std::uint8_t> buffer(2'000);
  const auto soon = std::chrono::steady_clock::now() + 5s;
  EXPECT_EQ(pipe.read(buffer, soon), 500U);
  EXPECT_EQ(room, 0);
  EXPECT_EQ(pipe.read(buffer, soon), 500U);
  EXPECT_EQ(room, 1);
  EXPECT_EQ(pipe.taken(), 1'000U);
}

TEST(BytePipe, WhatIsInItIsReadAfterItClosed) {
  BytePipe pipe(1'000, [] {});
  static_cast<void>(pipe.write("abc"));
  pipe.close();
  std::vector<std::uint8_t> buffer(2);
  const auto never = std::chrono::steady_clock::time_point::max();

  EXPECT_EQ(pipe.read(buffer, never), 2U);
  EXPECT_EQ(pipe.read(buffer, never), 1U);
  EXPECT_EQ(pipe.read(buffer, never), 0U);
}

TEST(BytePipe, AReaderWaitsNoLongerThanItWants) {
  BytePipe pipe(1'000, [] {});
  std::vector<std::uint8_t> buffer(2);

  EXPECT_EQ(pipe.read(buffer, std::chrono::steady_clock::now() + 10ms), 0U);
}

}  // namespace
}  // namespace troupe::ingest

// Whole streams of FLV against the CMAF that went in.
#include <cstdlib>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "media/flv/stream.hpp"
#include "media/packager.hpp"
#include "net/ingest/rtmp/media.hpp"
#include "sim/flv_reader.hpp"
#include "tests/support/live_replay.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::media::flv {
namespace {

using sim::FlvReader;
using sim::FlvTag;

const test::Clip& clip() {
  static const auto made = test::make_clip({.seconds = 2});
  return made;
}

std::optional<Format> format_of(TrackKind kind) {
  for (const auto& track : clip().tracks) {
    if (track.kind != kind) continue;
    auto format = read_format(track);
    EXPECT_TRUE(format.ok()) << format.error().detail;
    return *format;
  }
  return std::nullopt;
}

/// All tags of pieces that a viewer gets who is there from the first on.
std::vector<FlvTag> tags_of(const std::vector<Piece>& pieces) {
  FlvReader reader;
  std::vector<FlvTag> out;
  SetupPtr told;
  for (const auto& piece : pieces) {
    if (!piece.setup) continue;
    std::string text;
    if (piece.setup != told) text = told ? piece.setup->change : piece.setup->opening;
    told = piece.setup;
    auto tags = reader.feed(text + piece.bytes);
    EXPECT_TRUE(tags.ok()) << tags.error().detail;
    if (!tags.ok()) return out;
    for (auto& tag : *tags) out.push_back(std::move(tag));
  }
  EXPECT_EQ(reader.rest(), 0U);
  return out;
}

bool is_config(const FlvTag& tag) {
  return tag.header();
}

std::vector<Piece> play(Stream& stream, std::uint64_t first, std::uint64_t count) {
  std::vector<Piece> out;
  for (auto i = first; i < first + count; ++i) stream.push(*test::clip_chunk(clip(), i), out);
  return out;
}

/// What went in, in the order of its decode times.
std::vector<std::string> samples_of(std::uint64_t count) {
  struct Entry {
    std::int64_t at;
    bool sound;
    std::string bytes;
  };
  std::vector<Entry> all;
  auto video = *format_of(TrackKind::video), audio = *format_of(TrackKind::audio);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto chunk = test::clip_chunk(clip(), i);
    const bool sound = chunk->track == audio.track;
    const auto samples = read_samples(*chunk, sound ? audio : video);
    EXPECT_TRUE(samples.ok());
    for (const auto& sample : *samples)
      all.push_back({sample.decode_us, sound, std::string(sample.bytes)});
  }
  std::ranges::stable_sort(all, {}, &Entry::at);
  std::vector<std::string> out;
  for (auto& entry : all) out.push_back((entry.sound ? "a" : "v") + entry.bytes);
  return out;
}

TEST(FlvStream, EverySampleComesOutAsItWentInAndInTheOrderOfDecoding) {
  const auto count = clip().chunks.size();
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);

  for (auto& piece : play(stream, 0, count)) pieces.push_back(std::move(piece));
  stream.flush(pieces);

  std::vector<std::string> got;
  std::uint32_t last_ms = 0;
  for (const auto& tag : tags_of(pieces)) {
    EXPECT_GE(tag.time_ms, last_ms);
    last_ms = tag.time_ms;
    if (is_config(tag)) continue;
    got.push_back((tag.type == 8 ? "a" : "v") + tag.data.substr(tag.type == 8 ? 2 : 5));
  }
  auto sent = samples_of(count);
  while (sent.size() > 0 && sent.front()[0] == 'a') sent.erase(sent.begin());
  ASSERT_EQ(got.size(), sent.size());
  EXPECT_TRUE(std::ranges::is_permutation(got, sent));
  EXPECT_EQ(got, sent);
}

TEST(FlvStream, PiecesBeginWithEachKeyFrameAndSoundLeavesWithAPicture) {
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);

  pieces = play(stream, 0, clip().chunks.size());

  std::size_t keys = 0;
  for (const auto& piece : pieces) {
    auto opening = piece.setup->opening;
    FlvReader reader;
    std::vector<FlvTag> tags;
    auto all = reader.feed(opening + piece.bytes);
    ASSERT_TRUE(all.ok());
    for (auto& tag : *all)
      if (!is_config(tag)) tags.push_back(std::move(tag));
    ASSERT_FALSE(tags.empty());
    EXPECT_EQ(piece.key, tags[0].type == 9 && tags[0].data[0] == 0x17);
    keys += piece.key ? 1 : 0;
    EXPECT_TRUE(std::ranges::any_of(tags, [](const FlvTag& tag) { return tag.type == 9; }));
    EXPECT_EQ(tags[0].time_ms, static_cast<std::uint32_t>(piece.start_ms));
  }
  EXPECT_EQ(keys, 2U);
}

TEST(FlvStream, ANewPublicationInTheSameCodecsGoesOnWithoutNewHeaders) {
  Stream stream;
  std::vector<Piece> pieces;
  const auto count = clip().chunks.size();
  for (int publication = 0; publication < 2; ++publication) {
    stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
    for (auto& piece : play(stream, 0, count)) pieces.push_back(std::move(piece));
  }
  stream.flush(pieces);

  std::uint32_t last_ms = 0, configs = 0, last_video_ms = 0;
  for (const auto& tag : tags_of(pieces)) {
    EXPECT_GE(tag.time_ms, last_ms);
    last_ms = tag.time_ms;
    configs += is_config(tag) ? 1 : 0;
    if (tag.type != 9 || is_config(tag)) continue;
    EXPECT_LE(tag.time_ms - last_video_ms, 60U) << "no hole";
    last_video_ms = tag.time_ms;
  }
  EXPECT_EQ(configs, 3U) << "metadata, picture, sound";
  EXPECT_NEAR(last_ms, 2 * static_cast<double>(clip().duration_us) / 1000, 80);
}

/// The encoder died with more sound than pictures on its way, and came back in another size.
TEST(FlvStream, ThePicturesOfOtherParametersFollowWithoutAHole) {
  Stream stream;
  std::vector<Piece> pieces;
  auto video = format_of(TrackKind::video);
  const auto audio = format_of(TrackKind::audio);
  stream.start(video, audio, pieces);
  std::int64_t video_end_us = 0, sound_end_us = 0;
  for (std::uint64_t i = 0; sound_end_us < 1'000'000; ++i) {
    const auto chunk = test::clip_chunk(clip(), i);
    const bool sound = chunk->track == audio->track;
    if (!sound && chunk->start_us >= 800'000) continue;
    (sound ? sound_end_us : video_end_us) = chunk->start_us + chunk->duration_us;
    stream.push(*chunk, pieces);
  }
  ASSERT_GT(sound_end_us - video_end_us, 100'000);
  video->config += "!";
  stream.start(video, audio, pieces);
  for (auto& piece : play(stream, 0, 40)) pieces.push_back(std::move(piece));
  stream.flush(pieces);

  std::vector<std::uint32_t> pictures;
  std::size_t joint = 0;
  for (const auto& tag : tags_of(pieces)) {
    if (tag.type != 9) continue;
    if (is_config(tag)) joint = pictures.size();
    if (!is_config(tag)) pictures.push_back(tag.time_ms);
  }

  ASSERT_GT(joint, 1U);
  EXPECT_NEAR(pictures[joint - 1], static_cast<double>(video_end_us) / 1000 - 33, 2);
  EXPECT_EQ(pictures[joint], pictures[joint - 1] + 1);
  EXPECT_NEAR(pictures[joint + 1], static_cast<double>(sound_end_us) / 1000 + 33, 2)
      << "the second has its own time again";
}

TEST(FlvStream, OtherCodecParametersAreToldBeforeTheirFirstKeyFrame) {
  Stream stream;
  std::vector<Piece> pieces;
  auto other = format_of(TrackKind::video);
  stream.start(other, format_of(TrackKind::audio), pieces);
  for (auto& piece : play(stream, 0, 20)) pieces.push_back(std::move(piece));
  other->config += "!";
  stream.start(other, format_of(TrackKind::audio), pieces);
  for (auto& piece : play(stream, 0, 20)) pieces.push_back(std::move(piece));
  stream.flush(pieces);

  const auto tags = tags_of(pieces);
  std::vector<std::size_t> configs;
  for (std::size_t i = 0; i < tags.size(); ++i)
    if (tags[i].type == 9 && is_config(tags[i])) configs.push_back(i);
  ASSERT_EQ(configs.size(), 2U);
  EXPECT_TRUE(tags[configs[1]].data.ends_with("!"));
  EXPECT_EQ(tags[configs[1] + 2].data[0], 0x17) << "sound's header, then a key frame";
  EXPECT_EQ(tags[configs[1] + 2].time_ms, tags[configs[1]].time_ms);
}

TEST(FlvStream, AfterAHolePicturesGoOnWithAKeyFrameAndSoundGoesOn) {
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
  const auto half = clip().chunks.size() / 4;
  for (auto& piece : play(stream, 0, half)) pieces.push_back(std::move(piece));
  stream.skip_to_key();
  for (auto& piece : play(stream, half, 2 * half)) pieces.push_back(std::move(piece));
  stream.flush(pieces);

  bool broken = false;
  std::uint32_t last_video_ms = 0, last_sound_ms = 0;
  for (const auto& tag : tags_of(pieces)) {
    if (is_config(tag)) continue;
    auto& last = tag.type == 9 ? last_video_ms : last_sound_ms;
    if (tag.type == 8) {
      EXPECT_LE(tag.time_ms - last, 30U);
    } else if (tag.time_ms - last > 60) {
      EXPECT_EQ(tag.data[0], 0x17);
      broken = true;
    }
    last = tag.time_ms;
  }
  EXPECT_TRUE(broken);
}

TEST(FlvStream, APictureDoesNotWaitLongForSoundThatDoesNotCome) {
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
  std::int64_t longest_ms = 0;
  for (std::uint64_t i = 0; i < clip().chunks.size(); ++i) {
    const auto chunk = test::clip_chunk(clip(), i);
    if (chunk->track != 1) continue;
    stream.push(*chunk, pieces);
    if (pieces.empty()) continue;
    longest_ms = std::max(longest_ms, chunk->start_us / 1000 - pieces.back().start_ms);
  }

  EXPECT_GT(pieces.size(), 20U);
  EXPECT_LE(longest_ms, Stream::kMaxWaitUs / 1000 + 40);
}

TEST(FlvStream, DamagedChunksLeaveWholeTags) {
  std::mt19937 random(20261121);
  RecordProperty("seed", "20261121");
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
  for (std::uint64_t i = 0; i < clip().chunks.size(); ++i) {
    auto chunk = *test::clip_chunk(clip(), i);
    auto broken = *chunk.bytes;
    const auto at = random() % broken.size();
    const auto damage = random() % 16;
    if (damage == 0) broken.resize(at);
    if (damage == 1) broken[at] = static_cast<char>(random());
    chunk.bytes = std::make_shared<const std::string>(std::move(broken));
    stream.push(chunk, pieces);
  }
  stream.flush(pieces);

  EXPECT_FALSE(pieces.empty());
  tags_of(pieces);
}

TEST(FlvFormat, CodecsThatPlayersDoNotTakeAreUnsupported) {
  for (const auto* codecs : {"vp09.00.10.08", "opus"}) {
    Track track;
    track.codecs = codecs;
    track.timescale = 48'000;
    track.init = clip().tracks[0].init;

    EXPECT_EQ(read_format(track).code(), ErrorCode::unsupported) << codecs;
  }
}

// Our own reader of RTMP was written for encoders: it is the other half of the same format.
TEST(FlvStream, TheReaderOfRtmpGetsWhatWentIn) {
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
  for (auto& piece : play(stream, 0, 40)) pieces.push_back(std::move(piece));
  stream.flush(pieces);

  ingest::rtmp::MediaReader reader;
  std::optional<EncodedFormat> format;
  std::size_t frames = 0;
  const ingest::rtmp::MediaSink sink{[&](EncodedFormat f) { format = std::move(f); },
                                     [&](const EncodedFrame&) { ++frames; }};
  for (const auto& tag : tags_of(pieces)) {
    ingest::rtmp::Message message;
    message.type = static_cast<ingest::rtmp::MessageType>(tag.type);
    message.timestamp_ms = tag.time_ms;
    message.payload = tag.data;
    ASSERT_TRUE(reader.take(std::move(message), sink).ok());
  }

  ASSERT_TRUE(format);
  EXPECT_EQ(format->video_config, format_of(TrackKind::video)->config);
  EXPECT_EQ(format->audio_config, format_of(TrackKind::audio)->config);
  EXPECT_GT(frames, 30U);
}

/// A second of picture alone, as an encoder publishes it.
struct Published {
  std::vector<Track> tracks;
  std::vector<ChunkPtr> chunks;
};
Published publish(const std::string& encoder) {
  const test::TempDir dir;
  const auto path = dir / "clip.mp4";
  const auto command =
      "ffmpeg -loglevel error -f lavfi -i testsrc2=size=320x180:rate=30 -t 1 -g 15 -c:v " +
      encoder + " -pix_fmt yuv420p -movflags frag_keyframe+empty_moov " + path + " 2>/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ifstream file(path, std::ios::binary);
  Published out;
  const auto outcome = package_stream(
      [&](std::span<std::uint8_t> buffer) {
        file.read(reinterpret_cast<char*>(buffer.data()),
                  static_cast<std::streamsize>(buffer.size()));
        return static_cast<std::size_t>(file.gcount());
      },
      {.tracks = [&](std::vector<Track> tracks) { out.tracks = std::move(tracks); },
       .chunk =
           [&](ChunkPtr chunk) {
             out.chunks.push_back(std::move(chunk));
             return true;
           }},
      {.container = Container::fragmented_mp4, .chunk_ms = 0});
  EXPECT_TRUE(outcome.ok());
  return out;
}

TEST(FlvStream, HevcAndAv1GoByTheirFourCcByteForByte) {
  for (const auto& [codec, encoder] :
       {std::pair(VideoCodec::hevc,
                  "libx265 -preset ultrafast -tag:v hvc1 -x265-params log-level=none"),
        std::pair(VideoCodec::av1, "libsvtav1 -preset 12")}) {
    const auto published = publish(encoder);
    ASSERT_EQ(published.tracks.size(), 1U);
    auto format = read_format(published.tracks[0]);
    ASSERT_TRUE(format.ok()) << format.error().detail;
    Stream stream;
    std::vector<Piece> pieces;
    stream.start(*format, std::nullopt, pieces);
    std::vector<std::string> sent, got;
    for (const auto& chunk : published.chunks) {
      stream.push(*chunk, pieces);
      const auto samples = read_samples(*chunk, *format);
      ASSERT_TRUE(samples.ok());
      for (const auto& sample : *samples) sent.emplace_back(sample.bytes);
    }
    stream.flush(pieces);

    ingest::rtmp::MediaReader reader;
    std::optional<EncodedFormat> told;
    const ingest::rtmp::MediaSink sink{
        [&](EncodedFormat f) { told = std::move(f); },
        [&](EncodedFrame frame) { got.push_back(std::move(frame.bytes)); }};
    for (const auto& tag : tags_of(pieces)) {
      ingest::rtmp::Message message;
      message.type = static_cast<ingest::rtmp::MessageType>(tag.type);
      message.timestamp_ms = tag.time_ms;
      message.payload = tag.data;
      ASSERT_TRUE(reader.take(std::move(message), sink).ok());
    }
    ASSERT_TRUE(told);
    EXPECT_EQ(told->video_codec, codec);
    EXPECT_EQ(told->video_config, format->config);
    EXPECT_EQ(got.size(), 30U);
    EXPECT_EQ(got, sent);
  }
}

}  // namespace
}  // namespace troupe::media::flv

// FLV tags byte by byte, and whole streams of them against what went in.
#include <cstdio>
#include <random>

#include <gtest/gtest.h>

#include "media/flv/stream.hpp"
#include "media/flv/tags.hpp"
#include "net/ingest/rtmp/media.hpp"
#include "sim/flv_reader.hpp"
#include "tests/support/live_replay.hpp"

namespace troupe::media::flv {
namespace {

using namespace std::string_literals;
using sim::FlvReader;
using sim::FlvTag;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out.push_back(static_cast<char>(value));
  return out;
}

// Section E.2: signature, version 1, flags (4 audio, 1 video), DataOffset 9; E.3: PreviousTagSize0.
TEST(FlvTags, TheFileHeaderSaysWhatThereIs) {
  std::string both, video;
  append_file_header(both, true, true);
  append_file_header(video, false, true);

  EXPECT_EQ(both, bytes({'F', 'L', 'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0}));
  EXPECT_EQ(video, bytes({'F', 'L', 'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0}));
}

// Sections E.4.1 (tag), E.4.3.1 (frame type 1, codec 7, AVCPacketType 1, SI24 composition time).
TEST(FlvTags, AKeyFrameOfAvcIsWrittenAsTheSpecificationHasIt) {
  std::string out;
  append_video_frame(out, {.codec = VideoCodec::h264,
                           .key = true,
                           .decode_ms = 0x010203,
                           .composition_ms = 66,
                           .bytes = "NAL"});

  EXPECT_EQ(out, bytes({9,    0, 0, 8, 1,  2,   3,   0,   0, 0, 0,  // header: 8 bytes, time
                        0x17, 1, 0, 0, 66, 'N', 'A', 'L',           // key + AVC, NALU, 66 ms
                        0,    0, 0, 19}));                          // 11 + 8
}

TEST(FlvTags, ACompositionTimeMayBeNegative) {
  std::string out;
  append_video_frame(out, {.codec = VideoCodec::h264, .composition_ms = -1, .bytes = "x"});

  EXPECT_EQ(out.substr(11, 6), bytes({0x27, 1, 0xFF, 0xFF, 0xFF, 'x'}));
}

// E.4.1: "TimestampExtended: upper 8 bits"; what does not fit in 32 bits comes round.
TEST(FlvTags, TimesHaveTheirUpperByteBehindTheOthersAndComeRound) {
  std::string late, round;
  append_audio_frame(late, "a", 0xAABBCCDD);
  append_audio_frame(round, "a", 0x1'0000'0005);

  EXPECT_EQ(late.substr(4, 4), bytes({0xBB, 0xCC, 0xDD, 0xAA}));
  EXPECT_EQ(round.substr(4, 4), bytes({0, 0, 5, 0}));
}

// E.4.2.1: SoundFormat 10, and "44 kHz, 16 bit, stereo" whatever the AudioSpecificConfig says.
TEST(FlvTags, SoundIsRawAacBehindItsConfig) {
  std::string config, frame;
  append_audio_config(config, bytes({0x12, 0x10}), 7);
  append_audio_frame(frame, "aac", 30);

  EXPECT_EQ(config, bytes({8, 0, 0, 4, 0, 0, 7, 0, 0, 0, 0, 0xAF, 0, 0x12, 0x10, 0, 0, 0, 15}));
  EXPECT_EQ(frame, bytes({8, 0, 0, 5, 0, 0, 30, 0, 0, 0, 0, 0xAF, 1, 'a', 'a', 'c', 0, 0, 0, 16}));
}

// Enhanced RTMP v1, "Extended VideoTagHeader": IsExHeader 0x80, frame type, packet type, FourCC;
// HEVC has a composition time, AV1 has none.
TEST(FlvTags, NewerCodecsHaveAFourCc) {
  std::string hevc_config, hevc, av1;
  append_video_config(hevc_config, VideoCodec::hevc, "C", 0);
  append_video_frame(hevc,
                     {.codec = VideoCodec::hevc, .key = true, .composition_ms = 2, .bytes = "N"});
  append_video_frame(av1,
                     {.codec = VideoCodec::av1, .key = false, .composition_ms = 2, .bytes = "O"});

  EXPECT_EQ(hevc_config.substr(11, 6), bytes({0x90, 'h', 'v', 'c', '1', 'C'}));
  EXPECT_EQ(hevc.substr(11, 9), bytes({0x91, 'h', 'v', 'c', '1', 0, 0, 2, 'N'}));
  EXPECT_EQ(av1.substr(11, 6), bytes({0xA1, 'a', 'v', '0', '1', 'O'}));
}

// E.5 and AMF0: a string, an ECMA array with its count, numbers as doubles, the end 0 0 9.
TEST(FlvTags, MetadataIsAnEcmaArray) {
  std::string out;
  append_metadata(out, {.video = true, .width = 16, .height = 9}, 0);

  const auto amf = out.substr(11, out.size() - 15);
  EXPECT_EQ(amf.substr(0, 18), bytes({2, 0, 10}) + "onMetaData" + bytes({8, 0, 0, 0, 4}));
  EXPECT_NE(amf.find("\x00\x05width\x00\x40\x30\x00\x00\x00\x00\x00\x00"s), std::string::npos);
  EXPECT_NE(amf.find("\x00\x0cvideocodecid\x00\x40\x1c\x00\x00\x00\x00\x00\x00"s),
            std::string::npos);
  EXPECT_EQ(amf.substr(amf.size() - 3), bytes({0, 0, 9}));
}

// --- streams

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

TEST(FlvStream, HalfOfAChunkIsPassedOverUpToTheNextKeyFrame) {
  std::mt19937 random(20261121);
  RecordProperty("seed", "20261121");
  Stream stream;
  std::vector<Piece> pieces;
  stream.start(format_of(TrackKind::video), format_of(TrackKind::audio), pieces);
  for (std::uint64_t i = 0; i < clip().chunks.size(); ++i) {
    auto chunk = *test::clip_chunk(clip(), i);
    auto broken = *chunk.bytes;
    const auto at = random() % broken.size();
    if (i % 3 == 0) broken.resize(at);
    if (i % 3 == 1) broken[at] = static_cast<char>(random());
    chunk.bytes = std::make_shared<const std::string>(std::move(broken));
    stream.push(chunk, pieces);
  }
  stream.flush(pieces);

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

// --- what the simulator's viewers check

struct Watched {
  sim::ViewerTotals totals;
  sim::FlvCheck check{totals};

  explicit Watched(bool with_config = true) {
    std::string head;
    append_file_header(head, false, true);
    if (with_config) append_video_config(head, VideoCodec::h264, "config", 0);
    check.take(head);
  }
  void picture(std::int64_t at_ms, bool key = false) {
    std::string tag;
    append_video_frame(tag, {.key = key, .decode_ms = at_ms, .bytes = "picture"});
    check.take(tag);
  }
};

TEST(FlvCheck, APictureThatIsMissingIsAGap) {
  Watched whole, holed;
  for (int i = 0; i < 30; ++i) {
    whole.picture(i * 1000 / 30, i == 0);
    if (i != 20) holed.picture(i * 1000 / 30, i == 0);
  }

  EXPECT_EQ(whole.totals.gaps, 0U);
  EXPECT_EQ(holed.totals.gaps, 1U);
  EXPECT_EQ(holed.totals.corrupt, 0U);
}

TEST(FlvCheck, WhatCannotBePlayedIsCorrupt) {
  Watched back, blind(false), headless;
  back.picture(100, true);
  back.picture(90);
  blind.picture(0, true);
  headless.picture(0, false);

  EXPECT_EQ(back.totals.corrupt, 1U);
  EXPECT_EQ(blind.totals.corrupt, 1U);
  EXPECT_EQ(headless.totals.corrupt, 1U);
  EXPECT_FALSE(headless.check.take(std::string(40, 'x')));
}

}  // namespace
}  // namespace troupe::media::flv

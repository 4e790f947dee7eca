// FLV tags byte by byte, and what the simulator's viewers find wrong in them.
#include <gtest/gtest.h>

#include "media/flv/tags.hpp"
#include "sim/flv_reader.hpp"

namespace troupe::media::flv {
namespace {

using namespace std::string_literals;

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

TEST(FlvCheck, BehindOtherHeadersAKeyFrameFollowsAtOnceAndLastsUntilTheNextPicture) {
  Watched sound, back, blind;
  for (auto* one : {&sound, &back, &blind}) {
    for (int i = 0; i < 30; ++i) one->picture(i * 33, i == 0);
    std::string config;
    append_video_config(config, VideoCodec::h264, "other", 958);
    one->check.take(config);
  }

  sound.picture(958, true);
  sound.picture(1056);
  sound.picture(1089);
  back.picture(957, true);
  blind.picture(958);

  EXPECT_EQ(sound.totals.corrupt, 0U);
  EXPECT_EQ(sound.totals.gaps, 0U);
  EXPECT_EQ(back.totals.corrupt, 1U);
  EXPECT_EQ(blind.totals.corrupt, 1U);
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

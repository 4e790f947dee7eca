// RTMP as a dialogue: what media messages say, and what a peer answers.
#include <random>

#include <gtest/gtest.h>

#include "net/ingest/rtmp/publish_name.hpp"
#include "tests/support/rtmp_pieces.hpp"

namespace troupe::ingest::rtmp {
namespace {

TEST(RtmpMedia, TheFormatIsToldWithTheCodecHeadersAndFramesAtOnce) {
  Taken taken;
  ASSERT_TRUE(taken.video("17 00 000000 0142").ok());
  EXPECT_TRUE(taken.formats.empty());
  ASSERT_TRUE(taken.audio("af 00 1210").ok());

  ASSERT_EQ(taken.formats.size(), 1U);
  EXPECT_EQ(taken.formats[0].video_config, hex("0142"));
  EXPECT_EQ(taken.formats[0].audio_config, hex("1210"));
  ASSERT_TRUE(taken.video("17 01 000021 aabb", 40).ok());
  ASSERT_TRUE(taken.video("27 01 fffff0 cc", 73).ok());
  ASSERT_TRUE(taken.audio("af 01 dd", 70).ok());
  ASSERT_EQ(taken.frames.size(), 3U);
  EXPECT_TRUE(taken.frames[0].key);
  EXPECT_EQ(taken.frames[0].bytes, hex("aabb"));
  EXPECT_EQ(taken.frames[0].composition_ms, 0x21);
  EXPECT_FALSE(taken.frames[1].key);
  EXPECT_EQ(taken.frames[1].composition_ms, -16);
  EXPECT_EQ(taken.frames[2].decode_ms, 70);
}

TEST(RtmpMedia, WithoutSoundInTheMetadataNothingWaits) {
  Taken taken;
  ASSERT_TRUE(taken.metadata({{"width", 640.0}, {"videocodecid", 7.0}}).ok());

  ASSERT_TRUE(taken.video("17 00 000000 0142").ok());

  ASSERT_EQ(taken.formats.size(), 1U);
  EXPECT_EQ(taken.formats[0].audio_config, "");
  ASSERT_TRUE(taken.audio("af 00 1210").ok()) << "too late, but no reason to cut anybody";
  EXPECT_EQ(taken.formats.size(), 1U);
}

TEST(RtmpMedia, FramesWaitASecondAtMostForThePromisedSound) {
  Taken taken;
  ASSERT_TRUE(taken.metadata({{"videocodecid", 7.0}, {"audiocodecid", 10.0}}).ok());
  ASSERT_TRUE(taken.video("17 00 000000 0142").ok());

  for (std::uint32_t at = 5'000; at < 6'000; at += 100)
    ASSERT_TRUE(taken.video("27 01 000000 aa", at).ok());
  EXPECT_TRUE(taken.frames.empty());
  ASSERT_TRUE(taken.video("27 01 000000 aa", 6'000).ok());

  EXPECT_EQ(taken.formats.size(), 1U);
  EXPECT_EQ(taken.frames.size(), 11U);
}

TEST(RtmpMedia, FramesOfNextToNothingDoNotWaitWithoutEnd) {
  Taken taken;
  ASSERT_TRUE(taken.video("17 00 000000 0142").ok());
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(taken.video("27 01 000000", 5'000).ok());
  EXPECT_TRUE(taken.frames.empty());

  const auto most = MediaReader::kMaxHeldBytes / sizeof(media::EncodedFrame);
  for (std::size_t i = 0; i < most; ++i) ASSERT_TRUE(taken.video("27 01 000000 aa", 5'000).ok());

  EXPECT_EQ(taken.formats.size(), 1U) << "no more were held for the sound";
  EXPECT_LE(taken.frames.size(), most) << "the empty ones were passed over";
}

TEST(RtmpMedia, TimestampsComeRoundAfter49Days) {
  Taken taken;
  ASSERT_TRUE(taken.video("17 00 000000 0142").ok());
  ASSERT_TRUE(taken.audio("af 00 1210").ok());
  for (const std::uint32_t at : {0xFFFFFFF0U, 0x10U, 0x05U, 0x20U})
    ASSERT_TRUE(taken.video("27 01 000000 aa", at).ok());

  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < taken.frames.size(); ++i)
    steps.push_back(taken.frames[i].decode_ms - taken.frames[i - 1].decode_ms);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{32, -11, 27}));
}

TEST(RtmpMedia, HevcAndAv1ComeByEnhancedRtmp) {
  Taken hevc, av1;

  ASSERT_TRUE(hevc.audio("af 00 1210").ok());
  ASSERT_TRUE(hevc.take(MessageType::video, hex("90") + "hvc1" + hex("0102")).ok());
  ASSERT_TRUE(hevc.take(MessageType::video, hex("91") + "hvc1" + hex("000010 aa")).ok());
  ASSERT_TRUE(hevc.take(MessageType::video, hex("a3") + "hvc1" + hex("bb")).ok());
  ASSERT_TRUE(av1.audio("af 00 1210").ok());
  ASSERT_TRUE(av1.take(MessageType::video, hex("90") + "av01" + hex("8100")).ok());
  ASSERT_TRUE(av1.take(MessageType::video, hex("91") + "av01" + hex("cc")).ok());

  ASSERT_EQ(hevc.frames.size(), 2U);
  EXPECT_EQ(hevc.formats.at(0).video_codec, media::VideoCodec::hevc);
  EXPECT_TRUE(hevc.frames[0].key);
  EXPECT_EQ(hevc.frames[0].composition_ms, 16);
  EXPECT_EQ(hevc.frames[0].bytes, hex("aa"));
  EXPECT_EQ(hevc.frames[1].bytes, hex("bb"));
  EXPECT_FALSE(hevc.frames[1].key);
  EXPECT_EQ(av1.formats.at(0).video_codec, media::VideoCodec::av1);
  EXPECT_EQ(av1.frames.at(0).bytes, hex("cc"));
}

TEST(RtmpMedia, OtherCodecsAndChangedParametersAreRefusedByName) {
  Taken taken;
  const auto refused = [&](const Result<void>& result, const char* name) {
    return result.code() == ErrorCode::unsupported &&
           result.error().detail.find(name) != std::string::npos;
  };

  EXPECT_TRUE(refused(taken.video("12 00000000"), "FLV codec 2")) << "H.263";
  EXPECT_TRUE(refused(taken.take(MessageType::video, hex("90") + "vp09"), "vp09"));
  EXPECT_TRUE(refused(taken.audio("2f 00"), "FLV format 2")) << "MP3";
  EXPECT_TRUE(taken.video("27 01 000000 aa").ok()) << "before the parameters";
  EXPECT_TRUE(taken.video("17 00 000000 0142").ok());
  EXPECT_TRUE(taken.video("17 00 000000 0142").ok()) << "the same again";
  EXPECT_TRUE(taken.video("57 00").ok()) << "a command frame";
  EXPECT_TRUE(taken.take(MessageType::video, "").ok());
  EXPECT_EQ(taken.video("17 01").code(), ErrorCode::corrupt);
  EXPECT_TRUE(refused(taken.video("17 00 000000 0143"), "publish anew"));
  EXPECT_TRUE(taken.frames.empty());
}

/// An encoder's side of the dialogue.
struct Dialogue {
  std::string session, key;
  Taken taken;
  Result<void> verdict;
  Peer peer{std::string(kHandshakeRandom, 'r'),
            {.publish =
                 [this](const PublishName& name) {
                   session = name.session;
                   key = name.key;
                   return verdict;
                 },
             .media = taken.sink}};

  Dialogue() {
    EXPECT_TRUE(peer.feed(bytes_of("\x03" + std::string(2 * kHandshakeBytes, 'c'))).ok());
    static_cast<void>(peer.take_output());
  }

  Result<void> say(const AmfArray& values) {
    std::string payload, bytes;
    for (const auto& value : values) append_amf0(payload, value);
    append_message(bytes, 3, MessageType::command, 0, payload, 128);
    return peer.feed(bytes_of(bytes));
  }
  Result<void> send(MessageType type, const std::string& payload) {
    std::string bytes;
    append_message(bytes, 4, type, 1, payload, 128);
    return peer.feed(bytes_of(bytes));
  }
  Result<void> connect() { return say({"connect", 1.0, AmfObject{{"app", "live"}}}); }
  Result<void> publish() { return say({"publish", 5.0, AmfValue(), "01S?key=k", "live"}); }
  /// All that the server said since, as messages.
  std::vector<Message> heard() {
    Chunks chunks;
    EXPECT_TRUE(chunks.feed(peer.take_output()).ok());
    return std::move(chunks.messages);
  }
  bool heard_text(const char* text) { return peer.take_output().find(text) != std::string::npos; }
};

TEST(RtmpPeer, LetsAnEncoderPublishAsTheSpecificationHasIt) {
  Dialogue encoder;

  ASSERT_TRUE(encoder.connect().ok());
  EXPECT_TRUE(encoder.heard_text("NetConnection.Connect.Success"));
  ASSERT_TRUE(encoder.say({"releaseStream", 2.0, AmfValue(), "01S?key=k"}).ok());
  ASSERT_TRUE(encoder.say({"FCPublish", 3.0, AmfValue(), "01S?key=k"}).ok());
  ASSERT_TRUE(encoder.say({"createStream", 4.0, AmfValue()}).ok());
  const auto created = encoder.heard();
  ASSERT_TRUE(encoder.publish().ok());
  EXPECT_TRUE(encoder.heard_text("NetStream.Publish.Start"));
  ASSERT_TRUE(encoder.send(MessageType::video, hex("17 00 000000 0142")).ok());
  ASSERT_TRUE(encoder.send(MessageType::audio, hex("af 00 1210")).ok());
  ASSERT_TRUE(encoder.say({"deleteStream", 6.0, AmfValue(), 1.0}).ok());

  ASSERT_EQ(created.size(), 1U);
  EXPECT_EQ(decode_amf0(bytes_of(created[0].payload))->at(1), AmfValue(4.0));
  EXPECT_EQ(encoder.session, "01S");
  EXPECT_EQ(encoder.key, "k");
  EXPECT_EQ(encoder.taken.formats.size(), 1U);
  EXPECT_TRUE(encoder.peer.finished());
}

TEST(RtmpPeer, ARefusalIsToldWithItsCode) {
  Dialogue encoder;
  encoder.verdict = error(ErrorCode::forbidden, "wrong publish key");
  ASSERT_TRUE(encoder.connect().ok());
  static_cast<void>(encoder.peer.take_output());

  EXPECT_EQ(encoder.publish().code(), ErrorCode::forbidden);

  const auto said = encoder.peer.take_output();
  EXPECT_NE(said.find("NetStream.Publish.BadName"), std::string::npos);
  EXPECT_NE(said.find("forbidden: wrong publish key"), std::string::npos);
}

TEST(RtmpPeer, AnotherApplicationIsRejectedAtConnect) {
  Dialogue encoder;

  EXPECT_EQ(encoder.say({"connect", 1.0, AmfObject{{"app", "vod"}}}).code(), ErrorCode::not_found);
  EXPECT_TRUE(encoder.heard_text("NetConnection.Connect.Rejected"));
}

TEST(RtmpPeer, PingsAreAnsweredAndWhatCameIsAcknowledged) {
  Dialogue encoder;
  ASSERT_TRUE(encoder.send(MessageType::window_size, hex("00000100")).ok());
  ASSERT_TRUE(encoder.send(MessageType::user_control, hex("0006 01020304")).ok());
  ASSERT_TRUE(encoder.send(MessageType::data, std::string(300, 'x')).ok());

  const auto heard = encoder.heard();

  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].payload, hex("0007 01020304"));
  EXPECT_EQ(heard[1].type, MessageType::acknowledgement);
  EXPECT_GT(read_be(bytes_of(heard[1].payload), 0, 4), 300U);
}

TEST(RtmpPeer, AnAggregateIsSeveralMessagesWithTimesOfTheirOwn) {
  Dialogue encoder;
  ASSERT_TRUE(encoder.connect().ok());
  ASSERT_TRUE(encoder.publish().ok());
  ASSERT_TRUE(encoder.send(MessageType::audio, hex("af 00 1210")).ok());
  const auto config =
      hex("09 000007 0003e8 00 000000"
          "17 00 000000 0142"
          "00000012");
  const auto frame =
      hex("09 000006 000409 00 000000"
          "27 01 000000 aa"
          "00000011");

  ASSERT_TRUE(encoder.send(MessageType::aggregate, config + frame).ok());

  ASSERT_EQ(encoder.taken.frames.size(), 1U);
  EXPECT_EQ(encoder.taken.frames[0].bytes, hex("aa"));
  EXPECT_EQ(encoder.taken.frames[0].decode_ms, 0x21) << "the aggregate was sent at 0";
  EXPECT_EQ(encoder.send(MessageType::aggregate, hex("09 0000ff 000409 00 000000")).code(),
            ErrorCode::invalid_argument);
}

TEST(RtmpPeer, WhatComesOutOfTurnEndsTheConnection) {
  EXPECT_EQ(Dialogue().publish().code(), ErrorCode::invalid_argument) << "before connect";
  EXPECT_EQ(Dialogue().send(MessageType::video, "x").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(Dialogue().send(MessageType::command, hex("02 0005 61")).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(Dialogue().send(MessageType::command, std::string(20'000, '\x05')).code(),
            ErrorCode::too_large);
  Dialogue twice;
  ASSERT_TRUE(twice.connect().ok());
  ASSERT_TRUE(twice.publish().ok());
  EXPECT_EQ(twice.publish().code(), ErrorCode::invalid_argument);
  Dialogue viewer;
  ASSERT_TRUE(viewer.connect().ok());
  EXPECT_EQ(viewer.say({"play", 3.0, AmfValue(), "01S"}).code(), ErrorCode::unsupported);
}

TEST(RtmpPeer, OneThatPingsWithoutReadingIsCut) {
  Dialogue encoder;
  encoder.peer.set_unsent(Peer::kMaxOutput);

  EXPECT_EQ(encoder.send(MessageType::user_control, hex("0006 01020304")).code(),
            ErrorCode::overloaded);
}

TEST(RtmpPeer, AnyBytesEndInAnErrorOrInSilence) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    Dialogue peer;
    std::string bytes(random() % 400, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 24));
    static_cast<void>(peer.peer.feed(bytes_of(bytes)));
    EXPECT_LE(peer.peer.take_output().size(), 2 * Peer::kMaxOutput);
  }
}

}  // namespace
}  // namespace troupe::ingest::rtmp

// RTMP without sockets: AMF0, handshake, chunk stream, FLV, and a peer's dialogue.
#include <random>

#include <gtest/gtest.h>

#include "net/ingest/rtmp/peer.hpp"
#include "net/ingest/rtmp/publish_name.hpp"

namespace troupe::ingest::rtmp {
namespace {

std::string hex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == ' ') continue;
    out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    ++i;
  }
  return out;
}

// The bytes of section 2.2 ff. of the AMF 0 specification, put together by hand.
TEST(Amf0, ReadsTheCommandsOfAnEncoder) {
  const auto bytes =
      hex("02 0007 636f6e6e656374"
          "00 3ff0000000000000"
          "03 0003 617070 02 0004 6c697665 0004 666c6167 01 01 0000 09"
          "05");

  const auto values = decode_amf0(bytes_of(bytes));

  ASSERT_TRUE(values.ok()) << values.error().detail;
  ASSERT_EQ(values->size(), 4U);
  EXPECT_EQ(*(*values)[0].text(), "connect");
  EXPECT_EQ(*(*values)[1].number(), 1);
  EXPECT_EQ(*(*values)[2].member("app")->text(), "live");
  EXPECT_EQ(*(*values)[2].member("flag"), AmfValue(true));
  EXPECT_EQ((*values)[3], AmfValue());
}

TEST(Amf0, WhatIsWrittenIsReadBack) {
  AmfValue array;
  array.is = AmfArray{1.5, "two", AmfValue()};
  const AmfValue value = AmfObject{
      {"a", 1.0}, {"long", std::string(70'000, 'x')}, {"list", array}, {"o", AmfObject{}}};
  std::string bytes;

  append_amf0(bytes, value);

  const auto back = decode_amf0(bytes_of(bytes));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->at(0), value);
}

TEST(Amf0, HostileValuesAreRefused) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += hex("03 0001 61");
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += hex("05");

  EXPECT_EQ(decode_amf0(bytes_of(deep)).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(decode_amf0(bytes_of(many)).code(), ErrorCode::invalid_argument);
  EXPECT_FALSE(decode_amf0(bytes_of(hex("0a ffffffff 05"))).ok()) << "an array that is not there";
  EXPECT_FALSE(decode_amf0(bytes_of(hex("0c ffffffff 61"))).ok()) << "a string that is not there";
  EXPECT_FALSE(decode_amf0(bytes_of(hex("04"))).ok()) << "a movie clip";
  EXPECT_FALSE(decode_amf0(bytes_of(hex("00 3ff0"))).ok());
}

TEST(RtmpHandshake, AnswersC0AndC1AtOnceHoweverTheyAreCut) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{700}, std::size_t{4'000}}) {
    Handshake handshake(std::string(kHandshakeRandom, 'r'));
    std::string in("\x03");
    in += std::string(kHandshakeBytes, 'c') + std::string(kHandshakeBytes, 's') + "rest";
    std::string out;
    std::size_t at = 0;
    while (!handshake.done()) {
      const auto taken = handshake.feed(bytes_of(std::string_view(in).substr(at, step)), out);
      ASSERT_TRUE(taken.ok());
      at += *taken;
    }

    EXPECT_EQ(in.substr(at), "rest");
    ASSERT_EQ(out.size(), 1 + 2 * kHandshakeBytes);
    EXPECT_EQ(out.substr(1 + kHandshakeBytes), std::string(kHandshakeBytes, 'c'));
  }
}

TEST(RtmpHandshake, AnotherProtocolIsRefusedAtItsFirstByte) {
  Handshake handshake(std::string(kHandshakeRandom, 'r'));
  std::string out;

  EXPECT_EQ(handshake.feed(bytes_of("GET / HTTP/1.1"), out).code(), ErrorCode::unsupported);
  EXPECT_EQ(out, "");
}

struct Chunks {
  ChunkReader reader;
  std::vector<Message> messages;
  Result<void> feed(std::string_view bytes) {
    return reader.feed(bytes_of(bytes), [this](Message&& message) {
      messages.push_back(std::move(message));
      return Result<void>();
    });
  }
};

// Section 5.3.2.1 of the specification: four audio messages of 32 bytes, 20 ms apart.
TEST(RtmpChunks, ReadsTheFirstExampleOfTheSpecification) {
  Chunks chunks;
  const std::string body(32, 'a');

  ASSERT_TRUE(chunks.feed(hex("03 0003e8 000020 08 39300000") + body).ok());
  ASSERT_TRUE(chunks.feed(hex("83 000014") + body).ok());
  ASSERT_TRUE(chunks.feed(hex("c3") + body).ok());
  ASSERT_TRUE(chunks.feed(hex("c3") + body).ok());

  ASSERT_EQ(chunks.messages.size(), 4U);
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_EQ(chunks.messages[i].timestamp_ms, 1'000 + 20 * i);
    EXPECT_EQ(chunks.messages[i].stream, 12'345U);
    EXPECT_EQ(chunks.messages[i].type, MessageType::audio);
    EXPECT_EQ(chunks.messages[i].payload, body);
  }
}

// Section 5.3.2.2: a video message of 307 bytes in chunks of 128.
TEST(RtmpChunks, ReadsTheSecondExampleOfTheSpecificationByteByByte) {
  Chunks chunks;
  const auto bytes = hex("04 0003e8 000133 09 3a300000") + std::string(128, 'a') + hex("c4") +
                     std::string(128, 'b') + hex("c4") + std::string(51, 'c');

  for (const char byte : bytes) ASSERT_TRUE(chunks.feed({&byte, 1}).ok());

  ASSERT_EQ(chunks.messages.size(), 1U);
  EXPECT_EQ(chunks.messages[0].payload.size(), 307U);
  EXPECT_EQ(chunks.messages[0].payload.back(), 'c');
  EXPECT_EQ(chunks.reader.held_bytes(), 0U);
}

TEST(RtmpChunks, LongChunkStreamIdsAndExtendedTimestampsWork) {
  Chunks chunks;
  const auto two = hex("00 05 ffffff 000082 09 01000000 01020304") + std::string(128, 'a') +
                   hex("c0 05 01020304") + "bb";
  const auto three = hex("01 0001 ffffff 000001 08 01000000 ff000000") + "c" +
                     hex("41 0001 ffffff 000001 08 02000000") + "d";

  ASSERT_TRUE(chunks.feed(two).ok());
  ASSERT_TRUE(chunks.feed(three).ok());

  ASSERT_EQ(chunks.messages.size(), 3U);
  EXPECT_EQ(chunks.messages[0].timestamp_ms, 0x01020304U);
  EXPECT_EQ(chunks.messages[0].payload.size(), 130U);
  EXPECT_EQ(chunks.messages[1].timestamp_ms, 0xFF000000U);
  EXPECT_EQ(chunks.messages[2].timestamp_ms, 0x01000000U) << "wraps at 32 bits";
}

TEST(RtmpChunks, SetChunkSizeAndAbortAreObeyed) {
  Chunks chunks;
  std::string bytes = hex("02 000000 000004 01 00000000 00001000");
  bytes += hex("04 000000 000800 09 01000000") + std::string(0x800, 'v');
  bytes += hex("05 000000 002000 09 01000000") + std::string(0x1000, 'h');
  bytes += hex("02 000000 000004 02 00000000 00000005");
  bytes += hex("05 000000 000003 08 01000000") + "abc";

  ASSERT_TRUE(chunks.feed(bytes).ok());

  ASSERT_EQ(chunks.messages.size(), 2U);
  EXPECT_EQ(chunks.messages[0].payload.size(), 0x800U);
  EXPECT_EQ(chunks.messages[1].payload, "abc");
  EXPECT_EQ(chunks.reader.held_bytes(), 0U);
}

// Control messages may come between the chunks of another (section 5.3): the new size holds from
// the next chunk on.
TEST(RtmpChunks, TheChunkSizeMayChangeWithinAMessage) {
  Chunks chunks;
  const auto bytes = hex("04 000000 00012c 09 01000000") + std::string(128, 'a') +
                     hex("02 000000 000004 01 00000000 00001000") + hex("c4") +
                     std::string(172, 'b');

  for (const char byte : bytes) ASSERT_TRUE(chunks.feed({&byte, 1}).ok());

  ASSERT_EQ(chunks.messages.size(), 1U);
  EXPECT_EQ(chunks.messages[0].payload, std::string(128, 'a') + std::string(172, 'b'));
}

TEST(RtmpChunks, BrokenAndGreedyStreamsAreCut) {
  EXPECT_EQ(Chunks().feed(hex("c3 00")).code(), ErrorCode::invalid_argument) << "nothing to repeat";
  EXPECT_EQ(Chunks().feed(hex("02 000000 000004 01 00000000 00000000")).code(),
            ErrorCode::invalid_argument)
      << "chunks of nothing";
  EXPECT_EQ(Chunks().feed(hex("02 000000 000004 01 00000000 80000000")).code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(Chunks().feed(hex("04 000000 ffffff 09 01000000")).code(), ErrorCode::too_large);
  EXPECT_EQ(Chunks()
                .feed(hex("04 000000 000100 09 01000000") + std::string(128, 'a') +
                      hex("04 000000 000100 09 01000000"))
                .code(),
            ErrorCode::invalid_argument)
      << "a message within another";
  std::string streams;
  for (int id = 2; id < 40; ++id)
    streams += static_cast<char>(id) + hex("000000 000000 08 01000000");
  EXPECT_EQ(Chunks().feed(streams).code(), ErrorCode::too_large);
}

TEST(RtmpChunks, HoldsNoMoreThanItMayWhateverManyStreamsPromise) {
  ChunkReader reader({.max_message_bytes = 1'000, .max_held_bytes = 1'500, .max_streams = 32});
  Result<void> outcome;
  for (int id = 3; id < 30 && outcome.ok(); ++id) {
    const auto bytes = std::string(1, static_cast<char>(id)) + hex("000000 0003e8 09 01000000") +
                       std::string(128, 'x');
    outcome = reader.feed(bytes_of(bytes), [](Message&&) { return Result<void>(); });
    EXPECT_LE(reader.held_bytes(), 1'500U);
  }

  EXPECT_EQ(outcome.code(), ErrorCode::too_large);
}

TEST(RtmpChunks, WhatTheWriterCutsTheReaderPutsTogether) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    const std::string payload(random() % 1'000, static_cast<char>('a' + round % 26));
    std::string bytes;
    append_message(bytes, 3, MessageType::command, 7, payload, 128);
    Chunks chunks;
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = 1 + random() % 200;
      ASSERT_TRUE(chunks.feed(std::string_view(bytes).substr(at, size)).ok());
      at += size;
    }
    ASSERT_EQ(chunks.messages.size(), 1U);
    EXPECT_EQ(chunks.messages[0].payload, payload);
    EXPECT_EQ(chunks.messages[0].stream, 7U);
  }
}

TEST(RtmpPublishName, IsASessionAndAKey) {
  const auto name = parse_publish_name("01ABC?foo=1&key=se-cret_");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->session, "01ABC");
  EXPECT_EQ(name->key, "se-cret_");
  EXPECT_FALSE(parse_publish_name("").ok());
  EXPECT_FALSE(parse_publish_name("01ABC").ok());
  EXPECT_FALSE(parse_publish_name("?key=x").ok());
  EXPECT_FALSE(parse_publish_name("01ABC?key=").ok());
  EXPECT_FALSE(parse_publish_name(std::string(600, 'x') + "?key=x").ok());
}

/// What a MediaReader made of messages.
struct Taken {
  std::vector<media::EncodedFormat> formats;
  std::vector<media::EncodedFrame> frames;
  MediaSink sink{.format = [this](auto format) { formats.push_back(std::move(format)); },
                 .frame = [this](auto frame) { frames.push_back(std::move(frame)); }};
  MediaReader reader;

  Result<void> take(MessageType type, std::string payload, std::uint32_t at = 0) {
    return reader.take({at, type, 1, std::move(payload)}, sink);
  }
  Result<void> video(const char* bytes, std::uint32_t at = 0) {
    return take(MessageType::video, hex(bytes), at);
  }
  Result<void> audio(const char* bytes, std::uint32_t at = 0) {
    return take(MessageType::audio, hex(bytes), at);
  }
  Result<void> metadata(const AmfObject& object) {
    std::string bytes;
    for (const AmfValue& value :
         {AmfValue("@setDataFrame"), AmfValue("onMetaData"), AmfValue(object)})
      append_amf0(bytes, value);
    return take(MessageType::data, std::move(bytes));
  }
};

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

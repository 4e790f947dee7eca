// RTMP as bytes: AMF0, the handshake, the chunk stream, names of streams.
#include <random>

#include <gtest/gtest.h>

#include "net/ingest/rtmp/publish_name.hpp"
#include "tests/support/rtmp_pieces.hpp"

namespace troupe::ingest::rtmp {
namespace {

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

}  // namespace
}  // namespace troupe::ingest::rtmp

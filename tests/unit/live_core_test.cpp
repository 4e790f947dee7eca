// The pure parts of the live domain: chat, records, keys, titles.
#include <gtest/gtest.h>

#include "actors/live/chat.hpp"
#include "actors/live/directory.hpp"
#include "actors/live/live_store.hpp"
#include "actors/live/session.hpp"

namespace troupe::live {
namespace {

using namespace std::chrono_literals;

ChatRoom::TimePoint at(std::chrono::milliseconds t) {
  return ChatRoom::TimePoint(1h + t);
}

TEST(LiveChat, LinesAreNumberedAndTheOldestFallOutOfTheHistory) {
  ChatRoom room({.history = 2, .per_user = {100, 100}});

  for (const auto* text : {"a", "b", "c"}) room.add(*room.accept({"u", "n", text}, 5, at(0ms)));

  ASSERT_EQ(room.history().size(), 2U);
  EXPECT_EQ(room.history().front().text, "b");
  EXPECT_EQ(room.history().back().number, 3U);
}

TEST(LiveChat, AUserWhoTalksTooFastIsRefusedWithoutHarmToOthers) {
  ChatRoom room({.per_user = {1, 2}});
  ASSERT_TRUE(room.accept({"fast", "n", "1"}, 0, at(0ms)).ok());
  ASSERT_TRUE(room.accept({"fast", "n", "2"}, 0, at(1ms)).ok());

  const auto third = room.accept({"fast", "n", "3"}, 0, at(2ms));

  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.code(), ErrorCode::rate_limited);
  EXPECT_TRUE(room.accept({"calm", "n", "1"}, 0, at(2ms)).ok());
  EXPECT_TRUE(room.accept({"fast", "n", "4"}, 0, at(1100ms)).ok());
}

TEST(LiveChat, EmptyLongAndControlTextIsRefusedWithItsCode) {
  ChatRoom room({.max_text_bytes = 4});

  EXPECT_EQ(room.accept({"u", "n", ""}, 0, at(0ms)).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(room.accept({"u", "n", "12345"}, 0, at(0ms)).code(), ErrorCode::too_large);
  EXPECT_EQ(room.accept({"u", "n", "a\nb"}, 0, at(0ms)).code(), ErrorCode::invalid_argument);
}

TEST(LiveChat, NumbersGoOnAfterARestart) {
  ChatRoom room({});
  room.restore({{41, "u", "n", "x", 1}});

  EXPECT_EQ(room.accept({"u", "n", "y"}, 2, at(0ms))->number, 42U);
}

Session sample() {
  Session session;
  session.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  session.title = "Kitchen";
  session.owner = "alice";
  session.state = State::live;
  session.key = {hash_key("key"), 1'000};
  session.backup_key = PublishKey{hash_key("backup"), 2'000};
  session.viewing = {ViewAccess::link, *make_countries(Countries::Rule::deny, {"NZ", "FR"})};
  session.pull_url = "srt://example.com:9000";
  session.created_ms = 1;
  session.started_ms = 2;
  return session;
}

TEST(LiveRecord, ASessionReadsBackAsItWasWritten) {
  const auto session = sample();

  EXPECT_EQ(decode_session(session.id, encode_session(session)), session);
}

TEST(LiveRecord, TruncatedBytesAreNotASession) {
  const auto bytes = encode_session(sample());

  for (std::size_t length = 0; length < bytes.size(); length += 3) {
    const std::string cut = bytes.substr(0, length);
    static_cast<void>(decode_session("id", cut));  // must not crash; most lengths are refused
  }
  EXPECT_FALSE(decode_session("id", bytes.substr(0, 8)));
}

TEST(LiveRecord, AChatLineReadsBackAsItWasWritten) {
  const ChatLine line{7, "alice", "Alice", "hello", 99};

  EXPECT_EQ(decode_chat(7, encode_chat(line)), line);
}

TEST(LiveKeys, EachIsFreshAndOnlyItsOwnHashMatches) {
  const auto a = make_key(), b = make_key();

  EXPECT_EQ(a.size(), 43U);
  EXPECT_NE(a, b);
  EXPECT_EQ(hash_key(a), hash_key(a));
  EXPECT_NE(hash_key(a), hash_key(b));
}

Session with_key(std::string_view key) {
  Session session;
  session.id = "s";
  session.key.hash = hash_key(key);
  return session;
}

TEST(LiveDirectory, OnePublisherAtATimeAndOnlyWithTheKey) {
  Directory directory;
  directory.set(with_key("right"));

  EXPECT_EQ(directory.begin_publishing("s", "wrong").code(), ErrorCode::forbidden);
  EXPECT_EQ(directory.begin_publishing("other", "right").code(), ErrorCode::not_found);
  const auto place = directory.begin_publishing("s", "right");
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(directory.begin_publishing("s", "right").code(), ErrorCode::conflict);
  directory.end_publishing("s", **place);
  EXPECT_TRUE(directory.begin_publishing("s", "right").ok());
}

TEST(LiveDirectory, ARotatedKeyReplacesTheOldOne) {
  Directory directory;
  directory.set(with_key("old"));

  directory.set(with_key("new"));

  EXPECT_EQ(directory.check("s", "old").code(), ErrorCode::forbidden);
  EXPECT_TRUE(directory.check("s", "new").ok());
}

TEST(LiveDirectory, ANewKeyTakesTheOldPublishersPlaceForTheNext) {
  Directory directory;
  directory.set(with_key("old"));
  const auto old = *directory.begin_publishing("s", "old");

  directory.set(with_key("new"));
  const auto next = directory.begin_publishing("s", "new");
  directory.end_publishing("s", *old);

  EXPECT_EQ(old->held().code(), ErrorCode::forbidden);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE((*next)->held().ok());
  EXPECT_EQ(directory.publisher("s"), *next);
}

TEST(LiveDirectory, ABackupKeyOpensTheBackupsPlaceAlone) {
  Directory directory;
  auto session = with_key("key");
  session.backup_key = PublishKey{hash_key("second"), 0};
  directory.set(session);

  EXPECT_EQ(directory.check("s", "second").code(), ErrorCode::forbidden);
  EXPECT_EQ(directory.hold("s", "second", KeyUse::publisher).code(), ErrorCode::forbidden);
  EXPECT_TRUE(directory.check("s", "second", KeyUse::backup).ok());
  EXPECT_TRUE(directory.check("s", "key", KeyUse::backup).ok()) << "the session's is good for both";
}

TEST(LiveDirectory, EachLosesTheKeyThatItCameByAndNoOther) {
  Directory directory;
  auto session = with_key("key");
  session.backup_key = PublishKey{hash_key("second"), 0};
  directory.set(session);
  const auto first = *directory.hold("s", "key", KeyUse::publisher);
  const auto backup = *directory.hold("s", "second", KeyUse::backup);

  session.backup_key.reset();
  directory.set(session);
  EXPECT_TRUE(first->held().ok());
  EXPECT_EQ(backup->held().code(), ErrorCode::forbidden);
  EXPECT_EQ(directory.check("s", "second", KeyUse::backup).code(), ErrorCode::forbidden);

  session.key.hash = hash_key("new");
  directory.set(session);
  EXPECT_EQ(first->held().code(), ErrorCode::forbidden);
}

TEST(LiveDirectory, AKeyThatHasExpiredOpensNothingAndTakesThePlace) {
  Directory directory;
  auto session = with_key("key");
  session.key.expires_ms = 1;
  directory.set(session);

  EXPECT_EQ(directory.check("s", "key").code(), ErrorCode::forbidden);
  EXPECT_EQ(directory.begin_publishing("s", "key").code(), ErrorCode::forbidden);
  EXPECT_TRUE((*directory.own_hold("s"))->kept().ok()) << "who needs no key minds no expiry";
  EXPECT_EQ((*directory.own_hold("s"))->held().code(), ErrorCode::forbidden);
}

TEST(LiveDirectory, TheEndOfASessionTakesThePublishersPlace) {
  Directory directory;
  directory.set(with_key("key"));
  const auto place = *directory.begin_publishing("s", "key");

  directory.remove("s");

  EXPECT_EQ(place->held().code(), ErrorCode::not_found);
}

TEST(LiveDirectory, WhatAnEndedSessionAsksOfViewersNoOtherServerChanges) {
  Directory directory;
  auto session = with_key("key");
  session.viewing.access = ViewAccess::link;
  directory.set(session);
  directory.remove("s");

  directory.view_as("s", Directory::Viewing{{ViewAccess::open, {}}, "somebody"});
  directory.view_as("s", std::nullopt);

  ASSERT_NE(directory.viewing("s"), nullptr) << "its recordings are judged by it";
  EXPECT_EQ(directory.viewing("s")->rules.access, ViewAccess::link);
}

TEST(LiveDirectory, WhatASessionOfAnotherServerAsksIsKnownWhileItIsShown) {
  Directory directory;

  directory.view_as("s", Directory::Viewing{{ViewAccess::token, {}}, "somebody"});
  directory.view_as("s", Directory::Viewing{{ViewAccess::link, {}}, "somebody"});
  ASSERT_NE(directory.viewing("s"), nullptr);
  EXPECT_EQ(directory.viewing("s")->rules.access, ViewAccess::link);
  directory.view_as("s", std::nullopt);

  EXPECT_EQ(directory.viewing("s"), nullptr);
}

media::Chunk metered(std::uint32_t track, std::int64_t start_us, std::size_t bytes, bool key) {
  media::Chunk chunk;
  chunk.track = track;
  chunk.start_us = start_us;
  chunk.duration_us = 100'000;
  chunk.frames = 3;
  chunk.key = key;
  chunk.bytes = std::make_shared<const std::string>(bytes, 'x');
  return chunk;
}

TEST(PublisherMeter, TellsBitrateFrameRateKeyFrameIntervalAndDrift) {
  media::Track video, audio;
  video.id = 1;
  audio.id = 2;
  audio.kind = media::TrackKind::audio;
  PublisherMeter meter;
  meter.start({audio, video});

  // A minute in chunks of 100 ms, a key frame every two seconds, a clock that loses 1 ms a second.
  for (int i = 0; i < 600; ++i) {
    auto chunk = metered(1, i * 100'000, 12'500, i % 20 == 0);
    chunk.wall_us = 5'000'000 + i * 100'100;
    meter.add(chunk);
    meter.add(metered(2, i * 100'000, 1'250, true));
  }

  const auto stats = meter.stats();
  ASSERT_TRUE(stats.has_value());
  EXPECT_NEAR(stats->kbit_per_s, 1'100, 1);
  EXPECT_NEAR(stats->frames_per_s, 30, 0.01);
  EXPECT_DOUBLE_EQ(stats->key_interval_s, 2);
  EXPECT_NEAR(stats->drift_ms, 59.9, 0.01);
}

TEST(PublisherMeter, SaysNothingBeforeTheFirstSecond) {
  media::Track video;
  video.id = 1;
  PublisherMeter meter;
  meter.start({video});

  meter.add(metered(1, 0, 100, true));

  EXPECT_EQ(meter.stats(), std::nullopt);
}

TEST(LiveTitle, EmptyLongOrWithControlCharactersIsRefused) {
  EXPECT_TRUE(check_title("Kitchen").ok());
  EXPECT_EQ(check_title("").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(check_title(std::string(201, 'x')).code(), ErrorCode::too_large);
  EXPECT_EQ(check_title("a\tb").code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace troupe::live

// What an origin and an edge say to each other, and what an edge makes of it. Pure.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/api/relay/edge_state.hpp"
#include "net/api/relay/media.hpp"
#include "net/api/relay/wire.hpp"
#include "tests/support/live_replay.hpp"
#include "tests/support/publication.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using namespace troupe::api::relay;
namespace json = boost::json;

const Clip& clip() {
  static const Clip made = make_clip({.seconds = 1});
  return made;
}

api::relay::Publication some_publication() {
  return {1'700'000'000'000'000, clip().tracks,
          WindowCuts{1'700'000'000'000'000,
                     2'000'000,
                     200'000,
                     1'699'999'999'000'000,
                     std::nullopt,
                     {{"video", 1'700'000, 3, 6'000'000, 1, 201'000, 100'000},
                      {"audio", 1'700'000, 3, std::nullopt, 0, 0, 0}}}};
}

TEST(RelayWire, APublicationArrivesAsItWasTold) {
  const auto told = some_publication();

  const auto heard = parse_down(encode(told));

  ASSERT_TRUE(heard.ok()) << heard.error().detail;
  const auto& publication = std::get<api::relay::Publication>(*heard);
  EXPECT_EQ(publication.epoch, told.epoch);
  EXPECT_EQ(publication.cuts, told.cuts);
  ASSERT_EQ(publication.tracks.size(), 2U);
  EXPECT_EQ(publication.tracks[1].mime, told.tracks[1].mime);
  EXPECT_EQ(*publication.tracks[0].init, *told.tracks[0].init);
}

TEST(RelayWire, AChunkArrivesAsItWasSent) {
  auto chunk = *clip_chunk(clip(), 7);
  chunk.sequence = 4'711;

  const auto message = parse_media(encode(17, true, chunk), {});

  ASSERT_TRUE(message.ok());
  const auto* heard = std::get_if<RelayedChunk>(&*message);
  ASSERT_NE(heard, nullptr);
  EXPECT_EQ(heard->epoch, 17U);
  EXPECT_TRUE(heard->made);
  EXPECT_EQ(heard->chunk->sequence, 4'711U);
  EXPECT_EQ(heard->chunk->start_us, chunk.start_us);
  EXPECT_EQ(heard->chunk->wall_us, chunk.wall_us);
  EXPECT_EQ(*heard->chunk->bytes, *chunk.bytes);
}

TEST(RelayWire, AThumbnailIsAJpeg) {
  const auto jpeg = std::make_shared<const std::string>("\xFF\xD8\xFF and so on");

  const auto heard = parse_media(encode(Thumbnail{5, 7, jpeg}), {});

  ASSERT_TRUE(heard.ok());
  EXPECT_EQ(std::get<Thumbnail>(*heard).wall_us, 7);
  EXPECT_EQ(*std::get<Thumbnail>(*heard).jpeg, *jpeg);
  const auto other = std::make_shared<const std::string>("<script>");
  EXPECT_FALSE(parse_media(encode(Thumbnail{5, 7, other}), {}).ok());
}

TEST(RelayWire, EachSmallMessageComesBackAsItself) {
  EXPECT_EQ(std::get<Viewers>(*parse_up(encode(Viewers{3, 4}))), (Viewers{3, 4}));
  EXPECT_EQ(std::get<Viewers>(*parse_down(encode(Viewers{3, 4}))), (Viewers{3, 4}));
  EXPECT_EQ(std::get<Reactions>(*parse_up(encode(Reactions{{1, 0, 2}}))).counts[2], 2U);
  EXPECT_EQ(std::get<Greet>(*parse_up(encode(Greet{9}))).ref, 9U);
  EXPECT_EQ(std::get<Forward>(*parse_up(encode(Forward{9, "t", "{\"type\":\"chat\"}"}))).message,
            "{\"type\":\"chat\"}");
  EXPECT_EQ(std::get<Ping>(*parse_up(encode(Ping{12}))).sent_us, 12);
  EXPECT_EQ(std::get<Pong>(*parse_down(encode(Pong{12, 13}))).wall_us, 13);
  EXPECT_EQ(std::get<Answer>(*parse_down(encode(Answer{1, "x"}))).text, "x");
  EXPECT_EQ(std::get<Greeting>(*parse_down(encode(Greeting{1, {"x", "y"}}))).texts.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Ready>(*parse_down(encode(Ready{}))));
  EXPECT_TRUE(std::holds_alternative<Stop>(*parse_down(encode(Stop{}))));
}

TEST(RelayWire, AnotherVersionIsRefused) {
  EXPECT_EQ(parse_down(encode(Hello{2, "x"})).code(), ErrorCode::unsupported);
  EXPECT_TRUE(parse_down(encode(Hello{kVersion, "x"})).ok());
}

TEST(RelayWire, WhatIsNotOursIsRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"type\":7}", R"({"type":"relay_what"})", R"({"type":"relay_viewers"})",
        R"({"type":"relay_viewers","sockets":-1,"players":0})",
        R"({"type":"relay_viewers","sockets":1e30,"players":0})",
        R"({"type":"relay_publication","epoch":1,"tracks":[]})",
        R"({"type":"relay_publication","epoch":0,"tracks":[{}]})",
        R"({"type":"cue","number":1,"epoch":1,"media_us":1,"scheme":"a b","payload":""})",
        R"({"type":"relay_greeting","ref":1,"texts":[1]})"}) {
    EXPECT_FALSE(parse_down(text).ok()) << text;
  }
  EXPECT_FALSE(parse_up(R"({"type":"chat"})").ok());
  EXPECT_FALSE(parse_up(R"({"type":"relay_reactions","counts":[-1]})").ok());
  EXPECT_FALSE(parse_media("not a chunk at all, but long enough", {}).ok());
}

TEST(RelayWire, ARenditionMayNotTakeAPlaceInTheFoldersOfOthers) {
  for (const char* name : {"", "video", "captions", "../x", "a/b"}) {
    Renditions made{1, {clip().tracks.front()}};
    made.tracks.front().name = name;
    EXPECT_FALSE(parse_down(encode(made)).ok()) << name;
  }
  Renditions made{1, {clip().tracks.front()}};
  made.tracks.front().name = "audio-64k";
  EXPECT_TRUE(parse_down(encode(made)).ok());
}

TEST(RelayWire, TextsOfViewersPassAndCuesAreRead) {
  const auto chat = parse_down(R"({"type":"chat","number":1,"text":"hi"})");
  ASSERT_TRUE(chat.ok());
  EXPECT_FALSE(std::get<Text>(*chat).cue);
  const auto cue = parse_down(
      R"({"type":"cue","number":5,"epoch":7,"media_us":9,"scheme":"urn:x","payload":"p"})");
  ASSERT_TRUE(cue.ok());
  EXPECT_EQ(std::get<Text>(*cue).cue->number, 5U);
}

TEST(RelayWire, CaptionsOfATrackKeepToTheirFolder) {
  Caption caption{7, 9, "hello", {"captions-cc3", "Captions CC3", "es"}};
  const auto heard = parse_down(encode(caption));
  ASSERT_TRUE(heard.ok());
  EXPECT_EQ(std::get<Caption>(*heard).track, caption.track);

  for (const char* folder : {"video", "captions/../x", ""}) {
    caption.track.folder = folder;
    EXPECT_FALSE(parse_down(encode(caption)).ok()) << folder;
  }
}

TEST(RelayWire, AServerFindsItselfAmongThoseARequestCameThrough) {
  const std::string a = "01ARZ3NDEKTSV4RRFFQ69G5FAV", b = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

  EXPECT_EQ(parse_via("", a)->size(), 0U);
  EXPECT_EQ(parse_via(b, a)->size(), 1U);
  EXPECT_EQ(parse_via(b + "," + a, a).code(), ErrorCode::unsupported);
  EXPECT_EQ(parse_via("nonsense", a).code(), ErrorCode::invalid_argument);
  std::string many = b;
  for (std::size_t i = 0; i < kMaxHops; ++i) many += "," + b;
  EXPECT_EQ(parse_via(many, a).code(), ErrorCode::unsupported);
}

TEST(RelayMedia, ChunksOfThePublicationPassAndOthersDoNot) {
  MediaCheck check;
  ASSERT_TRUE(check.add(clip().tracks).ok());
  auto chunk = *clip_chunk(clip(), 0);

  EXPECT_TRUE(check.check(chunk).ok());
  chunk.track = 3;
  EXPECT_FALSE(check.check(chunk).ok()) << "an unknown track";
  chunk.track = clip().chunks[0].track == 1 ? 2 : 1;
  EXPECT_FALSE(check.check(chunk).ok()) << "samples of another track";
  chunk = *clip_chunk(clip(), 0);
  chunk.bytes =
      std::make_shared<const std::string>(chunk.bytes->substr(0, chunk.bytes->size() / 2));
  EXPECT_FALSE(check.check(chunk).ok()) << "cut short";
  auto tracks = clip().tracks;
  std::swap(tracks[0].init, tracks[1].init);
  EXPECT_FALSE(MediaCheck().add(tracks).ok());
}

TEST(RelayCursor, NoChunkGoesTwiceAndHolesAreSeen) {
  using Place = RelayCursor::Place;
  RelayCursor cursor;

  EXPECT_EQ(cursor.published(5, 1), Place::drop) << "nothing was announced";
  EXPECT_EQ(cursor.publication(5), RelayCursor::Begun::fresh);
  EXPECT_EQ(cursor.published(5, 10), Place::next);
  EXPECT_EQ(cursor.published(5, 11), Place::next);
  EXPECT_EQ(cursor.publication(5), RelayCursor::Begun::again);
  EXPECT_EQ(cursor.published(5, 10), Place::drop);
  EXPECT_EQ(cursor.published(5, 12), Place::next);
  EXPECT_EQ(cursor.published(5, 14), Place::hole);
  EXPECT_EQ(cursor.made(5, 9, 3), Place::next);
  EXPECT_EQ(cursor.made(5, 9, 3), Place::drop);
  EXPECT_EQ(cursor.publication(4), RelayCursor::Begun::old);
  EXPECT_EQ(cursor.publication(6), RelayCursor::Begun::fresh);
  EXPECT_EQ(cursor.published(5, 15), Place::drop);
  EXPECT_EQ(cursor.published(6, 1), Place::next);
  cursor.stop();
  EXPECT_EQ(cursor.publication(6), RelayCursor::Begun::fresh)
      << "viewers were told that it is over";
}

TEST(Backoff, WaitsTwiceAsLongEachTimeUpToABound) {
  Backoff backoff;
  EXPECT_EQ(backoff.next(0), 250ms);
  EXPECT_EQ(backoff.next(0), 500ms);
  for (int i = 0; i < 10; ++i) EXPECT_LE(backoff.next(0.99), Backoff::kLongest * 5 / 4);
  backoff.reset();
  EXPECT_GE(backoff.next(0.5), 250ms);
}

TEST(ClockOffset, BelievesTheShortestRoundTrip) {
  ClockOffset clock;
  clock.sample(1'000, 51'500, 3'000);
  EXPECT_EQ(clock.offset_us(), 49'500);
  clock.sample(10'000, 90'000, 30'000);
  EXPECT_EQ(clock.offset_us(), 49'500) << "a longer one";
  clock.sample(40'000, 90'100, 40'200);
  EXPECT_EQ(clock.offset_us(), 50'000);
}

TEST(OriginAddress, IsAnHttpUrlWithoutAnythingElse) {
  EXPECT_EQ(*parse_origin("http://origin:8080"), (OriginAddress{false, "origin", 8080, ""}));
  EXPECT_EQ(*parse_origin("https://origin/live/"), (OriginAddress{true, "origin", 443, "/live"}));
  EXPECT_EQ(parse_origin("http://[::1]:8080")->authority(), "[::1]:8080");
  for (const char* url : {"", "origin:8080", "ftp://origin", "http://u:p@origin", "http://o?x=1"})
    EXPECT_FALSE(parse_origin(url).ok()) << url;
}

/// A window, and one that follows it from chunk `from` on.
TEST(WindowCuts, AWindowThatBeginsLaterCutsAndNumbersAsTheOther) {
  const WindowOptions options{.segment_us = 2'000'000, .part_us = 200'000, .window_us = 60'000'000};
  for (int from = 1; from < 400; from += 7) {
    SCOPED_TRACE(from);
    SegmentWindow origin(options), edge(options);
    test::Publication encoder(33'333, 3, 30);
    origin.begin(kStartUs, tracks());
    std::deque<Chunk> kept;
    for (int i = 0; i < from; ++i) {
      const auto chunk = encoder.next();
      // What a relay keeps: from a little before the last key frame on.
      while (chunk.key && chunk.track == 1 && !kept.empty() &&
             kept.front().start_us + kept.front().duration_us < chunk.start_us - 300'000)
        kept.pop_front();
      kept.push_back(chunk);
      origin.push(chunk);
    }

    edge.begin(kStartUs, tracks());
    ASSERT_TRUE(edge.follow(origin.cuts()));
    for (const auto& chunk : kept) edge.push(chunk);
    for (int i = 0; i < 400; ++i) {
      const auto chunk = encoder.next();
      origin.push(chunk);
      edge.push(chunk);
    }

    for (const char* name : {"video", "audio"}) {
      const auto& theirs = *origin.find(name);
      const auto& ours = *edge.find(name);
      ASSERT_GE(ours.segments.size(), 3U);
      EXPECT_EQ(ours.part_target_us, theirs.part_target_us);
      for (const auto& segment : ours.segments) {
        const auto* same = theirs.find(segment.number);
        ASSERT_NE(same, nullptr) << name << segment.number;
        EXPECT_EQ(segment.ordinal, same->ordinal);
        EXPECT_EQ(segment.start_us, same->start_us);
        EXPECT_EQ(segment.wall_us, same->wall_us);
        EXPECT_EQ(segment.parts.size(), same->parts.size());
        if (segment.complete) {
          EXPECT_EQ(*segment.bytes, *same->bytes);
        }
      }
    }
    EXPECT_EQ(edge.find("video")->segments.front().number,
              edge.find("audio")->segments.front().number);
    EXPECT_EQ(edge.cuts(), origin.cuts()) << "one more may follow this one";
  }
}

TEST(WindowCuts, ANewPublicationGoesOnInAWindowThatHadAllBefore) {
  const WindowOptions options{.segment_us = 2'000'000, .part_us = 200'000, .window_us = 60'000'000};
  SegmentWindow origin(options), edge(options), late(options);
  test::Publication first(33'333, 3, 30), second(33'333, 3, 30);
  origin.begin(kStartUs, tracks());
  edge.begin(kStartUs, tracks());
  ASSERT_TRUE(edge.follow(origin.cuts()));
  late.begin(kStartUs, tracks());
  for (int i = 0; i < 200; ++i) {
    const auto chunk = first.next();
    origin.push(chunk);
    edge.push(chunk);
    if (i < 100) late.push(chunk);
  }

  origin.begin(kStartUs + 60'000'000, tracks());
  edge.begin(kStartUs + 60'000'000, tracks());
  late.begin(kStartUs + 60'000'000, tracks());

  ASSERT_TRUE(edge.follow(origin.cuts()));
  EXPECT_FALSE(late.follow(origin.cuts())) << "its numbers would have a hole";
  for (int i = 0; i < 100; ++i) {
    const auto chunk = second.next();
    origin.push(chunk);
    edge.push(chunk);
  }
  EXPECT_EQ(edge.cuts(), origin.cuts());
  EXPECT_TRUE(std::ranges::any_of(edge.find("video")->segments, &Segment::discontinuity));
}

}  // namespace
}  // namespace troupe::test

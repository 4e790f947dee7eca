// One session on one hub, with viewers whose sockets are as slow as the test says.
#include <gtest/gtest.h>

#include "net/ws/hub.hpp"
#include "tests/support/fake_session.hpp"

namespace troupe::ws {
namespace {

using namespace std::chrono_literals;
using media::TrackKind;

using test::FakeSession;

class RoomTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kBound = 4'000;

  RoomTest() { room.start(make_stream_start(1, tracks()), 0); }

  static std::vector<media::Track> tracks() {
    const auto init = std::make_shared<const std::string>("init");
    media::Track video;
    video.id = 1;
    video.mime = "video/mp4; codecs=\"avc1.64001f\"";
    video.init = init;
    media::Track audio;
    audio.id = 2;
    audio.kind = TrackKind::audio;
    audio.mime = "audio/mp4; codecs=\"mp4a.40.2\"";
    audio.init = init;
    return {video, audio};
  }

  LiveChunk make(std::uint32_t track, bool key, std::size_t bytes = 100) {
    auto chunk = std::make_shared<media::Chunk>();
    chunk->sequence = ++sequence;
    chunk->track = track;
    chunk->key = key;
    chunk->start_us = static_cast<std::int64_t>(sequence) * 100'000;
    chunk->duration_us = 100'000;
    return {chunk, binary_frame(std::string(bytes, 'x'))};
  }
  LiveChunk push(const LiveChunk& chunk) {
    now += 100ms;
    room.chunk(chunk, now, stats);
    return chunk;
  }
  LiveChunk video(bool key, std::size_t bytes = 100) { return push(make(1, key, bytes)); }
  LiveChunk audio() { return push(make(2, true)); }

  std::shared_ptr<FakeSession> join() {
    auto session = std::make_shared<FakeSession>(++sessions);
    room.join(session, 0);
    return session;
  }

  FanoutLimits limits{.min_queue_bytes = kBound, .max_queue_bytes = kBound, .slow_for = 5s};
  std::shared_ptr<Audience> audience = std::make_shared<Audience>();
  Room room{"s", limits, audience};
  FanoutStats stats;
  Room::TimePoint now{1h};
  std::uint64_t sequence = 0, sessions = 0;
};

TEST_F(RoomTest, ANewViewerGetsHelloInitsAndEverythingSinceTheLastKeyFrame) {
  const auto old_key = video(true);
  const auto key = video(true);
  const auto sound = audio();
  const auto picture = video(false);

  const auto viewer = join();

  ASSERT_EQ(viewer->texts_with("\"type\":\"hello\""), 1);
  EXPECT_EQ(viewer->texts_with("avc1.64001f"), 1);
  EXPECT_EQ(viewer->texts_with("init"), 2);
  EXPECT_FALSE(viewer->got(old_key.frame));
  EXPECT_TRUE(viewer->got(key.frame) && viewer->got(sound.frame) && viewer->got(picture.frame));
}

TEST_F(RoomTest, AllViewersGetTheSameFrame) {
  const auto a = join(), b = join();

  const auto key = video(true);

  EXPECT_TRUE(a->got(key.frame) && b->got(key.frame));
}

TEST_F(RoomTest, ANewcomerWhoseQueueDoesNotHoldTheGroupGoesOnWithTheNextKeyFrame) {
  video(true, 1'000);
  video(false, 1'000);
  const auto viewer = std::make_shared<FakeSession>(++sessions);
  viewer->room = 1'800;

  room.join(viewer, 0);
  viewer->queued = 0;
  const auto undecodable = video(false);
  const auto key = video(true);

  EXPECT_FALSE(viewer->got(undecodable.frame));
  EXPECT_TRUE(viewer->got(key.frame));
}

TEST_F(RoomTest, AViewerBeforeTheFirstKeyFrameWaitsForItAndIsNotToldOfASkip) {
  const auto viewer = join();

  const auto early = video(false);
  const auto key = video(true);

  EXPECT_FALSE(viewer->got(early.frame));
  EXPECT_TRUE(viewer->got(key.frame));
  EXPECT_EQ(viewer->texts_with("\"skip\""), 0);
}

TEST_F(RoomTest, ASlowViewerSkipsToTheNextKeyFrameAndHearsHowMuchItMissed) {
  const auto slow = join(), quick = join();
  video(true);
  const auto big = video(false, kBound);  // does not fit beside what is queued
  const auto missed = audio();
  slow->queued = quick->queued = 0;
  const auto still_missed = video(false);
  quick->queued = 0;

  const auto key = video(true);

  EXPECT_FALSE(slow->got(big.frame) || slow->got(missed.frame) || slow->got(still_missed.frame));
  EXPECT_EQ(slow->texts_with(R"("type":"skip","count":3)"), 1);
  EXPECT_TRUE(slow->got(key.frame));
}

TEST_F(RoomTest, ASlowViewerDoesNotHarmAnother) {
  const auto slow = join(), quick = join();
  video(true);
  slow->queued = kBound;

  const auto next = video(false);

  EXPECT_FALSE(slow->got(next.frame));
  EXPECT_TRUE(quick->got(next.frame));
  EXPECT_EQ(stats.skipped_chunks, 1U);
}

TEST_F(RoomTest, AudioFromBeforeTheKeyFrameIsNotSentAfterASkip) {
  const auto viewer = join();
  video(true);
  viewer->queued = kBound;
  video(false);
  viewer->queued = 0;
  video(true);
  auto late = make(2, true);
  auto chunk = std::make_shared<media::Chunk>(*late.chunk);
  chunk->start_us = 0;
  late.chunk = chunk;

  push(late);
  const auto fresh = audio();

  EXPECT_FALSE(viewer->got(late.frame));
  EXPECT_TRUE(viewer->got(fresh.frame));
}

TEST_F(RoomTest, AViewerThatStaysSlowIsClosedWithACode) {
  const auto viewer = join();
  video(true);
  viewer->queued = kBound;

  for (int i = 0; i < 60 && viewer->closed == 0; ++i) video(i % 10 == 0);

  EXPECT_EQ(viewer->closed, close_code(ErrorCode::timeout));
  EXPECT_EQ(stats.closed_slow, 1U);
}

TEST_F(RoomTest, AHoleInTheSequenceMakesEverybodyWaitForAKeyFrame) {
  const auto viewer = join();
  video(true);
  sequence += 2;  // two chunks never came: an actor crashed

  const auto undecodable = video(false);
  const auto key = video(true);

  EXPECT_FALSE(viewer->got(undecodable.frame));
  EXPECT_TRUE(viewer->got(key.frame));
  EXPECT_EQ(viewer->texts_with(R"("type":"skip","count":3)"), 1);
}

TEST_F(RoomTest, TheSamePublicationAnnouncedAgainChangesNothing) {
  const auto viewer = join();
  video(true);

  room.start(make_stream_start(1, tracks()), 0);

  EXPECT_EQ(viewer->texts_with("\"hello\""), 1);
  EXPECT_EQ(room.cached(), 1U);
}

TEST_F(RoomTest, ANewPublicationGreetsEverybodyAgain) {
  const auto viewer = join();
  video(true);

  room.start(make_stream_start(2, tracks()), 0);

  EXPECT_EQ(viewer->texts_with("\"hello\""), 2);
  EXPECT_EQ(room.cached(), 0U);
}

TEST_F(RoomTest, TheCountIsExactAndToldOnlyWhenItChanged) {
  const auto a = join(), b = join();
  room.tick(0);
  room.tick(0);
  EXPECT_EQ(a->texts_with(R"("type":"viewers","count":2)"), 1);

  room.leave(b->id());
  room.tick(0);

  EXPECT_EQ(a->texts_with(R"("type":"viewers","count":1)"), 1);
  EXPECT_EQ(audience->viewers, 1);
}

TEST_F(RoomTest, AGroupOfPicturesOverTheBoundIsNotKept) {
  limits.max_cached_chunks = 3;
  Room small("s", limits, audience);
  small.start(make_stream_start(1, tracks()), 0);

  for (int i = 0; i < 10; ++i) small.chunk(make(1, i == 0), now, stats);

  EXPECT_EQ(small.cached(), 0U);
}

TEST_F(RoomTest, EndClosesAllViewersNormally) {
  const auto viewer = join();

  room.end();

  EXPECT_EQ(viewer->closed, 1000);
}

TEST_F(RoomTest, GatheredChatGoesOutAsOnePiece) {
  auto viewer = join();
  const auto before = viewer->frames.size();

  room.gather(*text_frame("{\"a\":1}"));
  room.gather(*text_frame("{\"b\":2}"));
  EXPECT_EQ(viewer->frames.size(), before);
  room.flush();
  room.flush();

  ASSERT_EQ(viewer->frames.size(), before + 1);
  EXPECT_EQ(*viewer->frames.back(), *text_frame("{\"a\":1}") + *text_frame("{\"b\":2}"));
}

TEST_F(RoomTest, ReactionsAreCountedAndToldOnceASecond) {
  auto viewer = join();
  audience->reactions[*reaction_of("heart")] += 3;

  room.tick(0);
  room.tick(0);

  EXPECT_EQ(viewer->texts_with(R"({"type":"reactions","counts":{"heart":3}})"), 1);
  EXPECT_FALSE(reaction_of("tomato"));
}

/// A room whose picture the ladder makes smaller, a little later.
class RenditionRoomTest : public RoomTest {
 protected:
  static constexpr std::uint32_t kSmall = 3;

  RenditionRoomTest() { offer_small(); }

  static media::Track rendition(std::uint32_t id, const std::string& name) {
    media::Track track;
    track.id = id;
    track.name = name;
    track.mime = "video/mp4; codecs=\"avc1.640015\"";
    track.init = std::make_shared<const std::string>("small init");
    return track;
  }
  void offer_small() { room.set_renditions(1, {rendition(kSmall, "360p")}, stats); }
  /// The picture at `at_ms`, as published.
  LiveChunk large_at(std::int64_t at_ms, bool key) {
    auto chunk = std::make_shared<media::Chunk>(*make(1, key).chunk);
    chunk->start_us = at_ms * 1'000;
    return push({chunk, binary_frame("large")});
  }
  LiveChunk small_at(std::int64_t at_ms, bool key) {
    auto chunk = std::make_shared<media::Chunk>();
    chunk->sequence = ++small_sequence;
    chunk->track = kSmall;
    chunk->key = key;
    chunk->start_us = at_ms * 1'000;
    chunk->duration_us = 100'000;
    const LiveChunk made{chunk, binary_frame("small")};
    room.rendition_chunk(1, made, now, stats);
    return made;
  }
  static std::vector<Frame> order(const FakeSession& viewer, std::vector<Frame> among) {
    std::vector<Frame> out;
    for (const auto& frame : viewer.frames)
      if (std::find(among.begin(), among.end(), frame) != among.end()) out.push_back(frame);
    return out;
  }

  std::uint64_t small_sequence = 0;
};

TEST_F(RenditionRoomTest, AViewerGoesToASlowerRenditionAtAKeyFrameWithoutHoleOrRepetition) {
  const auto viewer = join();
  const auto a = large_at(0, true);
  small_at(0, true);
  room.choose(viewer->id(), "360p");
  const auto b = large_at(100, false);
  const auto c = large_at(200, true);  // from here on the other brings it
  const auto d = small_at(100, false);
  const auto e = large_at(300, false);
  const auto f = small_at(200, true);
  const auto g = small_at(300, false);

  EXPECT_EQ(order(*viewer, {a.frame, b.frame, c.frame, d.frame, e.frame, f.frame, g.frame}),
            (std::vector<Frame>{a.frame, b.frame, f.frame, g.frame}));
  EXPECT_EQ(viewer->texts_with("\"type\":\"rendition\""), 1);
  EXPECT_EQ(viewer->texts_with("small init"), 1);
}

TEST_F(RenditionRoomTest, AViewerComesBackToThePublishedPictureAtItsOwnNextKeyFrame) {
  large_at(0, true);
  small_at(0, true);
  auto viewer = std::make_shared<FakeSession>(77);
  room.join(viewer, 0, "360p");
  room.choose(viewer->id(), "");
  const auto a = large_at(100, true);
  const auto b = large_at(200, false);
  const auto c = small_at(50, false);
  const auto d = small_at(100, true);
  const auto e = large_at(300, false);
  const auto f = small_at(200, false);

  EXPECT_EQ(order(*viewer, {a.frame, b.frame, c.frame, d.frame, e.frame, f.frame}),
            (std::vector<Frame>{c.frame, a.frame, b.frame, e.frame}));
}

TEST_F(RenditionRoomTest, AViewerMayBeginWithARendition) {
  const auto large = large_at(0, true);
  const auto small = small_at(0, true);

  auto viewer = std::make_shared<FakeSession>(77);
  room.join(viewer, 0, "360p");

  EXPECT_TRUE(viewer->got(small.frame));
  EXPECT_FALSE(viewer->got(large.frame));
  EXPECT_EQ(viewer->texts_with("\"type\":\"renditions\""), 1);
}

TEST_F(RenditionRoomTest, WhenARenditionIsGivenUpItsViewersGoOnWithThePublishedPicture) {
  large_at(0, true);
  small_at(0, true);
  auto viewer = std::make_shared<FakeSession>(77);
  room.join(viewer, 0, "360p");
  const auto a = large_at(100, true);

  room.set_renditions(1, {}, stats);
  const auto b = large_at(200, false);
  offer_small();
  small_sequence = 0;
  small_at(200, true);
  large_at(300, true);
  const auto c = small_at(300, true);  // wanted still: taken again

  EXPECT_TRUE(viewer->got(a.frame) && viewer->got(b.frame) && viewer->got(c.frame));
}

TEST_F(RenditionRoomTest, AChoiceThatComesAfterTheEndChangesNothing) {
  constexpr std::uint32_t kSmallest = kSmall + 1;
  room.set_renditions(1, {rendition(kSmall, "360p"), rendition(kSmallest, "160p")}, stats);
  const auto viewer = join();
  large_at(0, true);
  small_at(0, true);
  room.choose(viewer->id(), "360p");
  large_at(200, true);  // the other is behind: from here on it stands between the two
  auto chunk = std::make_shared<media::Chunk>();
  chunk->sequence = 1;
  chunk->track = kSmallest;
  chunk->key = true;
  chunk->start_us = 200'000;
  const LiveChunk smallest{chunk, binary_frame("smallest")};
  room.rendition_chunk(1, smallest, now, stats);

  room.end();
  room.choose(viewer->id(), "160p");

  EXPECT_EQ(viewer->closed, 1000);
  EXPECT_FALSE(viewer->got(smallest.frame));
}

TEST_F(RenditionRoomTest, SoundGoesOnBesideEachRendition) {
  const auto published = join();
  auto other = std::make_shared<FakeSession>(77);
  large_at(0, true);
  small_at(0, true);
  room.join(other, 0, "360p");

  const auto sound = audio();

  EXPECT_TRUE(published->got(sound.frame) && other->got(sound.frame));
}

TEST_F(RenditionRoomTest, AnUnknownRenditionIsAnErrorAndChangesNothing) {
  const auto viewer = join();
  large_at(0, true);

  room.choose(viewer->id(), "4320p");
  const auto next = large_at(100, true);

  EXPECT_EQ(viewer->texts_with("not_found"), 1);
  EXPECT_TRUE(viewer->got(next.frame));
}

}  // namespace
}  // namespace troupe::ws

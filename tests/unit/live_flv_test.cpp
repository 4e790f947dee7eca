// FLV of live sessions on their way to viewers: what is converted, and who gets what.
#include <gtest/gtest.h>

#include "net/flv/channel.hpp"
#include "net/flv/room.hpp"
#include "sim/flv_reader.hpp"
#include "tests/support/fake_session.hpp"
#include "tests/support/live_replay.hpp"

namespace troupe::flv {
namespace {

using namespace std::chrono_literals;
using test::FakeSession;

const test::Clip& clip() {
  static const auto made = test::make_clip({.seconds = 4});
  return made;
}

/// The clip's picture as if the ladder had made it: another track, later by `late` chunks.
constexpr std::uint32_t kRung = 11;
media::Track rung_track() {
  auto track = clip().tracks[0];
  auto init = *track.init;
  const auto at = init.find("tkhd");  // version and flags, two times of 32 bits, then the id
  init[at + 4 + 4 + 8 + 3] = static_cast<char>(kRung);
  const auto trex = init.find("trex");
  init[trex + 4 + 4 + 3] = static_cast<char>(kRung);
  track.id = kRung;
  track.name = "360p";
  track.init = std::make_shared<const std::string>(init);
  return track;
}
media::ChunkPtr rung_chunk(const media::Chunk& published) {
  auto chunk = published;
  auto bytes = *chunk.bytes;
  const auto at = bytes.find("tfhd");
  bytes[at + 4 + 4 + 3] = static_cast<char>(kRung);
  chunk.track = kRung;
  chunk.bytes = std::make_shared<const std::string>(std::move(bytes));
  return std::make_shared<const media::Chunk>(std::move(chunk));
}

/// What a channel gives its viewers.
struct Output {
  std::vector<SharedPiecePtr> pieces;
  std::uint64_t rung_sequence = 0;
  LiveFlv live{
      {}, [this](const ChannelPtr&, SharedPiecePtr piece) { pieces.push_back(std::move(piece)); }};

  void play(std::uint64_t from, std::uint64_t to) {
    for (auto i = from; i < to; ++i) live.chunk(test::clip_chunk(clip(), i));
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    SharedSetupPtr told;
    for (const auto& piece : pieces) {
      if (piece->setup != told)
        out += *(told ? piece->setup->change : piece->setup->opening).frame(Framing::plain);
      told = piece->setup;
      out += *piece->bytes.frame(Framing::plain);
    }
    return out;
  }
};

/// What is published, and its rendition some chunks later.
void play_both(Output& out, std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kLate = 8;
  for (auto i = from; i < to; ++i) {
    out.live.chunk(test::clip_chunk(clip(), i));
    if (i < kLate) continue;
    const auto late = test::clip_chunk(clip(), i - kLate);
    if (late->track != 1) continue;
    auto chunk = *rung_chunk(*late);
    chunk.sequence = ++out.rung_sequence;
    out.live.rendition_chunk(1, std::make_shared<const media::Chunk>(std::move(chunk)));
  }
}

/// How many pictures there are, and the longest step between two.
struct Pictures {
  std::size_t count = 0;
  std::uint32_t longest_ms = 0;
};
Pictures pictures_of(const std::string& text) {
  sim::FlvReader reader;
  Pictures out;
  std::optional<std::uint32_t> last;
  const auto tags = reader.feed(text);
  EXPECT_TRUE(tags.ok());
  for (const auto& tag : *tags) {
    if (tag.type != sim::FlvTag::video || tag.header()) continue;
    ++out.count;
    if (last) {
      EXPECT_GT(tag.time_ms, *last) << "none comes twice";
      out.longest_ms = std::max(out.longest_ms, tag.time_ms - *last);
    }
    last = tag.time_ms;
  }
  return out;
}

TEST(LiveFlv, NothingIsConvertedUntilSomebodyWatchesAndThenFromTheLastKeyFrameOn) {
  Output out;
  out.live.start(1, clip().tracks);
  out.play(0, 100);
  EXPECT_TRUE(out.pieces.empty());

  const auto channel = out.live.open("");

  ASSERT_FALSE(channel->cache.empty());
  EXPECT_TRUE(channel->cache.front()->key);
  out.pieces.assign(channel->cache.begin(), channel->cache.end());
  out.play(100, 150);
  const auto seen = pictures_of(out.text());
  EXPECT_LE(seen.longest_ms, 34U);
  EXPECT_GT(seen.count, 20U);
  out.live.close(channel);
  const auto before = out.pieces.size();
  out.play(150, 200);
  EXPECT_EQ(out.pieces.size(), before) << "nobody watches any more";
}

TEST(LiveFlv, EachPieceIsMadeOnceAndItsFrameForAllWhoWantIt) {
  Output out;
  out.live.start(1, clip().tracks);
  const auto channel = out.live.open("");
  EXPECT_EQ(out.live.open(""), channel);
  out.play(0, 40);

  const auto& bytes = out.pieces.front()->bytes;

  EXPECT_EQ(bytes.frame(Framing::plain), bytes.frame(Framing::plain));
  EXPECT_EQ(bytes.frame(Framing::websocket), bytes.frame(Framing::websocket));
  EXPECT_TRUE(bytes.frame(Framing::websocket)->ends_with(*bytes.frame(Framing::plain)));
}

TEST(LiveFlv, AHoleInTheChunksIsLeftOutUpToTheNextKeyFrame) {
  Output out;
  out.live.start(1, clip().tracks);
  const auto channel = out.live.open("");
  out.play(0, 30);
  out.play(40, 150);

  sim::FlvReader reader;
  const auto tags = reader.feed(out.text());
  ASSERT_TRUE(tags.ok());
  std::uint32_t last = 0;
  for (const auto& tag : *tags) {
    if (tag.type != sim::FlvTag::video || tag.header()) continue;
    EXPECT_TRUE(tag.key() || tag.time_ms - last <= 34);
    last = tag.time_ms;
  }
  EXPECT_GT(pictures_of(out.text()).longest_ms, 34U);
}

TEST(LiveFlv, WhatCannotBeWatchedHasItsReason) {
  Output out;
  EXPECT_EQ(out.live.check("").code(), ErrorCode::unavailable);
  out.live.start(1, clip().tracks);
  EXPECT_TRUE(out.live.check("").ok());
  EXPECT_EQ(out.live.check("360p").code(), ErrorCode::not_found);
  auto tracks = clip().tracks;
  tracks[1].codecs = "opus";
  out.live.start(2, tracks);
  EXPECT_EQ(out.live.check("").code(), ErrorCode::unsupported);
  out.live.stop();
  EXPECT_EQ(out.live.check("").code(), ErrorCode::unavailable);
}

TEST(LiveFlv, ARenditionIsShownWhereOneAsksForIt) {
  Output out;
  out.live.start(1, clip().tracks);
  out.live.set_renditions(1, {rung_track()});
  ASSERT_TRUE(out.live.check("360p").ok());
  const auto channel = out.live.open("360p");
  play_both(out, 0, 200);

  EXPECT_EQ(channel->stream.video_track(), kRung);
  EXPECT_LE(pictures_of(out.text()).longest_ms, 67U);
  EXPECT_GT(pictures_of(out.text()).count, 60U);
}

// The ladder begins a second after the publication, and may give a rendition up.
TEST(LiveFlv, ARenditionThatComesOrGoesIsTakenUpAtAKeyFrameWithoutRepetition) {
  Output out;
  out.live.start(1, clip().tracks);
  out.live.set_renditions(1, {rung_track()});
  const auto channel = out.live.open("360p");
  play_both(out, 0, 80);
  EXPECT_EQ(channel->stream.video_track(), kRung);
  out.live.set_renditions(1, {});
  EXPECT_EQ(channel->stream.video_track(), 1U);
  play_both(out, 80, 160);
  out.live.set_renditions(1, {rung_track()});
  play_both(out, 160, 280);

  EXPECT_EQ(channel->stream.video_track(), kRung);
  const auto seen = pictures_of(out.text());
  EXPECT_GT(seen.count, 60U);
  EXPECT_LE(seen.longest_ms, 1'300U) << "at most up to the next key frame";
}

TEST(LiveFlv, ANewPublicationInOtherCodecsTellsThemToThoseWhoWatch) {
  Output out;
  out.live.start(1, clip().tracks);
  const auto channel = out.live.open("");
  out.play(0, 60);
  out.live.stop();
  const auto before = out.pieces.back()->setup;
  auto silent = clip().tracks;
  silent.resize(1);
  out.live.start(2, silent);
  out.play(0, 60);

  EXPECT_NE(out.pieces.back()->setup, before);
  EXPECT_LE(pictures_of(out.text()).longest_ms, 70U);
}

// --- viewers of one channel on one hub

class FlvRoom : public ::testing::Test {
 protected:
  static constexpr std::size_t kBound = 4'000;

  SharedPiecePtr make(bool key, std::size_t bytes = 100, SharedSetupPtr setup = {}) {
    if (setup) setup_ = std::move(setup);
    return std::make_shared<const SharedPiece>(++number_, key, setup_, now_,
                                               std::string(bytes, 'x'));
  }
  SharedPiecePtr push(const SharedPiecePtr& piece) {
    now_ += 100ms;
    room_.offer(*piece, kBound, now_, stats_);
    return piece;
  }
  std::shared_ptr<FakeSession> join(const std::vector<SharedPiecePtr>& cache = {},
                                    Framing framing = Framing::plain) {
    auto session = std::make_shared<FakeSession>(++sessions_);
    room_.join(session, framing, cache, number_ + 1, now_, stats_);
    return session;
  }
  static bool got(const FakeSession& session, const SharedPiecePtr& piece) {
    return session.got(piece->bytes.frame(Framing::plain));
  }

  SharedSetupPtr setup_ =
      std::make_shared<const SharedSetup>(std::string("opening"), std::string("change"));
  std::uint64_t number_ = 0, sessions_ = 0;
  ws::FanoutLimits limits_{.slow_for = 5'000ms, .healed_after = 1'000ms};
  Room room_{limits_};
  Room::TimePoint now_{1h};
  ws::FanoutStats stats_;
};

TEST_F(FlvRoom, ANewcomerGetsTheHeadersThenWhatWasKeptThenWhatComes) {
  const auto key = make(true), inter = make(false);
  const auto viewer = join({key, inter});
  const auto next = push(make(false));

  ASSERT_EQ(viewer->frames.size(), 4U);
  EXPECT_EQ(*viewer->frames[0], "opening");
  EXPECT_EQ(viewer->frames[1], key->bytes.frame(Framing::plain)) << "not a copy";
  EXPECT_EQ(viewer->frames[3], next->bytes.frame(Framing::plain));
}

TEST_F(FlvRoom, OneThatWasOnItsWayBeforeTheNewcomerCameIsNotSentTwice) {
  const auto key = make(true), inter = make(false);
  const auto viewer = join({key, inter});
  push(inter);

  EXPECT_EQ(viewer->frames.size(), 3U);
}

TEST_F(FlvRoom, WhoComesBeforeTheFirstKeyFrameWaitsForItAndIsNotSlow) {
  const auto viewer = join();
  push(make(false));
  EXPECT_TRUE(viewer->frames.empty());
  const auto key = push(make(true));

  EXPECT_TRUE(got(*viewer, key));
  EXPECT_EQ(stats_.skipped_chunks, 0U);
}

TEST_F(FlvRoom, ASlowViewerGoesOnWithAKeyFrameThatFindsItsQueueHalfEmpty) {
  const auto slow = join({make(true)}), fine = join({make(true)});
  fine->queued = 0;
  slow->queued = kBound;
  const auto missed = push(make(false));
  slow->queued = kBound / 2 + 1;
  const auto too_soon = push(make(true));
  slow->queued = 0;
  const auto undecodable = push(make(false));
  const auto key = push(make(true));

  EXPECT_FALSE(got(*slow, missed) || got(*slow, too_soon) || got(*slow, undecodable));
  EXPECT_TRUE(got(*slow, key));
  EXPECT_TRUE(got(*fine, missed) && got(*fine, too_soon) && got(*fine, undecodable));
  EXPECT_EQ(stats_.skipped_chunks, 3U);
}

TEST_F(FlvRoom, WhoIsSlowForTooLongIsClosed) {
  const auto viewer = join({make(true)});
  viewer->queued = 2 * kBound;
  for (int i = 0; i < 60 && viewer->closed == 0; ++i) push(make(i % 10 == 0));

  EXPECT_EQ(viewer->closed, 4009);
  EXPECT_EQ(stats_.closed_slow, 1U);
}

TEST_F(FlvRoom, OtherCodecsAreToldOnceAlsoToWhoSkippedTheChange) {
  const auto viewer = join({make(true)}), slow = join({make(true)});
  slow->queued = 2 * kBound;
  const auto other =
      std::make_shared<const SharedSetup>(std::string("opening 2"), std::string("change 2"));
  push(make(true, 100, other));
  slow->queued = 0;
  push(make(true));

  for (const auto& one : {viewer, slow}) {
    EXPECT_EQ(one->texts_with("change 2"), 1);
    EXPECT_EQ(one->texts_with("opening"), 1);
  }
}

TEST_F(FlvRoom, WhoLeavesGetsNothingMore) {
  const auto a = join({make(true)}), b = join({make(true)});
  room_.leave(a->id());
  room_.leave(a->id());
  const auto next = push(make(false));

  EXPECT_FALSE(got(*a, next));
  EXPECT_TRUE(got(*b, next));
  EXPECT_EQ(room_.viewers(), 1U);
}

}  // namespace
}  // namespace troupe::flv

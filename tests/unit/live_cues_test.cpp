// Timed metadata before it goes anywhere.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "net/api/live/cues.hpp"

namespace troupe::api {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;

struct LiveCues : ::testing::Test {
  CueBook book;
  std::vector<Cue> moved;  ///< by the last picture

  void SetUp() override { publish(7); }
  void publish(std::uint64_t epoch) {
    media::Track audio, video;
    audio.id = 2;
    audio.kind = media::TrackKind::audio;
    video.id = 1;
    book.start({"s", epoch, {audio, video}});
  }
  void picture(std::int64_t end_us, std::int64_t wall_us, std::uint32_t track = 1) {
    media::Chunk chunk;
    chunk.track = track;
    chunk.start_us = end_us - 100'000;
    chunk.duration_us = 100'000;
    chunk.wall_us = wall_us;
    moved = book.chunk("s", chunk);
  }
  Result<Cue> add(std::int64_t at_us = 0, std::string scheme = "urn:x",
                  std::string payload = "goal") {
    return book.add("s", std::move(scheme), std::move(payload), at_us, kNow);
  }
};

TEST_F(LiveCues, BelongToThePictureThatComesInAtThatMoment) {
  picture(5'000'000, kNow - 20'000);
  picture(9'000'000, kNow - 10'000, 2);

  EXPECT_EQ(add()->media_us, 5'020'000) << "the picture leads, not the sound";
  EXPECT_EQ(add(kNow + 700'000)->media_us, 5'720'000);
  EXPECT_EQ(add(kNow - 1'000'000)->media_us, 4'020'000);
  EXPECT_EQ(add(kNow - 20'000'000)->media_us, 0) << "not before the publication";
}

TEST_F(LiveCues, NumbersAscend) {
  picture(5'000'000, kNow);

  const auto first = add()->number;

  EXPECT_GE(first, static_cast<std::uint64_t>(kNow / 1000)) << "also after a restart";
  EXPECT_EQ(add()->number, first + 1);
}

TEST_F(LiveCues, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(add().code(), ErrorCode::conflict) << "no picture yet";
  picture(5'000'000, kNow);
  EXPECT_EQ(add(kNow + 61'000'000).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add(kNow - 31'000'000).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add(0, "").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add(0, "urn:\"x").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add(0, "urn:x\n").code(), ErrorCode::invalid_argument);
  EXPECT_EQ(add(0, "urn:x", std::string(kMaxCueBytes + 1, 'x')).code(), ErrorCode::too_large);
  for (int i = 0; i < 10; ++i) static_cast<void>(add());
  EXPECT_EQ(add().code(), ErrorCode::rate_limited);
  book.stop("s");
  EXPECT_EQ(add().code(), ErrorCode::conflict);
}

TEST_F(LiveCues, NewcomersGetWhatIsStillToComeOfThisPublication) {
  picture(50'000'000, kNow);
  const auto past = add(kNow - 20'000'000), next = add(kNow + 1'000'000);
  ASSERT_TRUE(past.ok() && next.ok());

  EXPECT_EQ(book.pending("s"), std::vector<std::string>{CueBook::message(*next)});
  publish(8);
  EXPECT_TRUE(book.pending("s").empty());
  EXPECT_TRUE(book.pending("other").empty());
}

TEST_F(LiveCues, WhatIsStillDueGoesOverToTheNextPublication) {
  picture(5'000'000, kNow);
  const auto soon = *add(kNow + 10'000'000), now = *add();
  EXPECT_TRUE(book.keep_until_due("s", soon, kNow + 10'000'000, kNow).due.has_value());
  EXPECT_FALSE(book.keep_until_due("s", now, kNow, kNow).due.has_value());

  book.stop("s");
  publish(8);
  picture(100'000, kNow + 4'000'000);

  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].number, soon.number);
  EXPECT_EQ(moved[0].epoch, 8U);
  EXPECT_EQ(moved[0].media_us, 6'100'000) << "six seconds after the picture that came four later";
  EXPECT_EQ(book.pending("s"), std::vector<std::string>{CueBook::message(moved[0])});
  picture(200'000, kNow + 4'100'000);
  EXPECT_TRUE(moved.empty()) << "once";
}

TEST_F(LiveCues, WhatIsPastIsKeptNoLonger) {
  picture(5'000'000, kNow);
  const auto first = *add(kNow + 1'000'000);
  static_cast<void>(book.keep_until_due("s", first, kNow + 1'000'000, kNow));

  const auto keep = book.keep_until_due("s", *add(), kNow + 2'000'000, kNow + 2'000'000);

  EXPECT_FALSE(keep.due.has_value());
  EXPECT_EQ(keep.past, (std::vector<std::pair<std::string, std::uint64_t>>{{"s", first.number}}));
  book.stop("s");
  publish(8);
  picture(100'000, kNow + 500'000);
  EXPECT_TRUE(moved.empty());
}

TEST_F(LiveCues, WhatIsPastOfAnotherSessionIsSweptToo) {
  book.restore("gone", {7, kNow - 1, "urn:x", "goal"});
  picture(5'000'000, kNow);

  const auto keep = book.keep_until_due("s", *add(), kNow, kNow);

  EXPECT_EQ(keep.past, (std::vector<std::pair<std::string, std::uint64_t>>{{"gone", 7}}));
  EXPECT_TRUE(book.keep_until_due("s", *add(), kNow, kNow).past.empty());
}

TEST_F(LiveCues, WhatWasStoredComesBackWithItsNumber) {
  const live::DueCue stored{41, kNow + 3'000'000, "urn:x", "goal"};
  EXPECT_EQ(live::decode_cue(41, live::encode_cue(stored)), stored);
  EXPECT_EQ(live::decode_cue(41, "short"), std::nullopt);

  book.restore("s", stored);
  picture(100'000, kNow);

  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].number, 41U);
  EXPECT_EQ(moved[0].media_us, 3'100'000);
  EXPECT_EQ(moved[0].payload, "goal");
}

}  // namespace
}  // namespace troupe::api

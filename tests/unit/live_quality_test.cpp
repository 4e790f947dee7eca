// What players tell of their playing: CMCD, and how it is added up.
#include <gtest/gtest.h>

#include "base/metrics.hpp"
#include "net/api/live/quality_book.hpp"

namespace troupe::api {
namespace {

using namespace std::chrono_literals;

Cmcd read(std::string_view text) {
  Cmcd out;
  read_cmcd(text, out);
  return out;
}

// The examples of CTA-5004, section 4.
TEST(Cmcd, ReadsTheExamplesOfTheStandard) {
  const auto full = read(
      "bl=21300,br=3200,bs,cid=\"faec5fc2-ac30-11ea-bb37-0242ac130002\",d=4004,dl=18500,mtp=48100,"
      "nor=\"..%2F300kbps%2Ftrack.m4v\",nrr=\"12323-48763\",ot=v,pr=1.08,rtp=12000,sf=d,"
      "sid=\"6e2fb550-c457-11e9-bb97-0800200c9a66\",st=v,su,tb=6000");

  EXPECT_EQ(full.session_id, "6e2fb550-c457-11e9-bb97-0800200c9a66");
  EXPECT_EQ(full.buffer_ms, 21'300U);
  EXPECT_EQ(full.bitrate_kbps, 3'200U);
  EXPECT_EQ(full.throughput_kbps, 48'100U);
  EXPECT_TRUE(full.starved && full.starting);
  EXPECT_EQ(full.streaming_format, 'd');
}

TEST(Cmcd, TheHeadersAddUp) {
  Cmcd out;
  read_cmcd("br=3200,d=4004,ot=v,tb=6000", out);
  read_cmcd("bl=21300,dl=18500,mtp=48100,su", out);
  read_cmcd("sid=\"6e2fb550\",v=2,msd=450,ltc=2100", out);
  read_cmcd("bs,bsd=320", out);

  EXPECT_EQ(out.session_id, "6e2fb550");
  EXPECT_EQ(out.start_ms, 450U);
  EXPECT_EQ(out.latency_ms, 2'100U);
  EXPECT_EQ(out.starved_ms, 320U);
  EXPECT_TRUE(out.starved);
}

TEST(Cmcd, StringsMayHoldCommasAndQuotes) {
  const auto out = read("cid=\"a,br=1,\\\"b\",com.example-key=\"x\",br=5,sid=\"s\"");

  EXPECT_EQ(out.bitrate_kbps, 5U);
  EXPECT_EQ(out.session_id, "s");
}

TEST(Cmcd, WhatMakesNoSenseTellsNothing) {
  EXPECT_EQ(read(""), Cmcd{});
  EXPECT_EQ(read("br=many,bl=-5,mtp=99999999999999999999,sid=token,sf=hls,bs=false"), Cmcd{});
  EXPECT_EQ(read("sid=\"unended,br=5"), Cmcd{});
  EXPECT_EQ(read("sid=\"" + std::string(65, 'x') + "\""), Cmcd{});
  EXPECT_EQ(read("br=5" + std::string(kMaxCmcdBytes, ',')), Cmcd{});
}

TEST(Spread, TellsQuantilesWithinATenth) {
  Spread values;
  for (int i = 1; i <= 1'000; ++i) values.add(i);

  EXPECT_NEAR(values.quantile(0.5), 500, 50);
  EXPECT_NEAR(values.quantile(0.95), 950, 95);
  EXPECT_EQ(Spread().quantile(0.5), 0);
  values.add(1e300);
  EXPECT_GT(values.quantile(1), 1e6);
}

struct QualityBookTest : ::testing::Test {
  Metrics metrics;
  QualityBook book{metrics, {.max_sessions = 2, .max_playbacks = 3}};
  QualityBook::TimePoint now{1h};

  Result<void> tell(const std::string& session, const std::string& playback) {
    return book.note(session, Beacon{.session_id = playback, .protocol = "ws"}, now);
  }
};

TEST_F(QualityBookTest, SumsGrowByWhatIsNewOfEachPlayback) {
  const auto watched = [&](const char* who, std::uint64_t ms, std::uint64_t stalls) {
    return book
        .note("s",
              Beacon{.session_id = who, .protocol = "ws", .watched_ms = ms, .rebuffers = stalls},
              now)
        .ok();
  };
  ASSERT_TRUE(watched("a", 1'000, 0) && watched("a", 5'000, 2) && watched("b", 3'000, 1));
  ASSERT_TRUE(watched("a", 500, 0)) << "the page was loaded anew";

  const auto sum = book.report("s", now).at("ws");
  EXPECT_EQ(sum.watched_ms, 8'500);
  EXPECT_EQ(sum.rebuffers, 3U);
  EXPECT_EQ(sum.playbacks, 2U);
}

TEST_F(QualityBookTest, AStartIsCountedOnceAndTakenFromTheRequestsWhereNobodyTellsIt) {
  book.note("s", read("sid=\"a\",sf=h,su"), now);
  now += 700ms;
  book.note("s", read("sid=\"a\",sf=h,su,br=1000,bl=0"), now);
  now += 100ms;
  book.note("s", read("sid=\"a\",sf=h,br=1000,bl=900"), now);
  book.note("s", read("sid=\"a\",sf=h,br=1000,bl=900"), now);

  const auto sum = book.report("s", now).at("hls");
  EXPECT_EQ(sum.start_ms.count(), 1U);
  EXPECT_NEAR(sum.start_ms.quantile(0.5), 800, 80);
}

TEST_F(QualityBookTest, IsBoundedAndForgetsWhoLeft) {
  for (const auto* who : {"a", "b", "c"}) ASSERT_TRUE(tell("s", who).ok());
  EXPECT_EQ(tell("s", "d").code(), ErrorCode::overloaded);
  ASSERT_TRUE(tell("t", "a").ok());
  EXPECT_EQ(tell("u", "a").code(), ErrorCode::overloaded) << "too many sessions";
  now += 61s;

  EXPECT_TRUE(tell("s", "d").ok());

  const auto sum = book.report("s", now).at("ws");
  EXPECT_EQ(sum.playing, 1U);
  EXPECT_EQ(sum.playbacks, 4U);
  EXPECT_TRUE(book.report("nobody", now).empty());
}

}  // namespace
}  // namespace troupe::api

// One relayed session at an edge, with an origin that says what the test wants.
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "base/metrics.hpp"
#include "net/api/relay/edge_upstream.hpp"
#include "net/api/relay/hub_impl.hpp"
#include "tests/support/fake_session.hpp"
#include "tests/support/live_replay.hpp"

namespace troupe::test {
namespace {

using namespace std::chrono_literals;
using namespace troupe::api;
using namespace troupe::api::relay;

const Clip& clip() {
  static const Clip made = make_clip({.seconds = 1});
  return made;
}

class UpstreamTest : public ::testing::Test {
 protected:
  struct FakeLink final : Link {
    bool send(std::string text) override {
      sent->push_back(std::move(text));
      return true;
    }
    std::shared_ptr<std::vector<std::string>> sent;
  };

  UpstreamTest() {
    options.instance = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    options.idle = 10s;
    sinks.start = [this](const auto&, const auto&) { heard.emplace_back("start"); };
    sinks.resume = [this](const auto&, const auto&) { heard.emplace_back("resume"); };
    sinks.chunk = [this](const auto&, const auto& chunk) { chunks.push_back(chunk->sequence); };
    sinks.renditions = [this](const auto&, auto, const auto&) { heard.emplace_back("renditions"); };
    sinks.rendition_chunk = [](const auto&, auto, const auto&) {};
    sinks.text = [this](const auto&, const auto&, auto text) { heard.emplace_back(text); };
    sinks.caption = [](const auto&, const auto&) {};
    sinks.thumbnail = [](const auto&, const auto&) {};
    sinks.rules = [](const auto&, const auto&) {};
    sinks.stop = [this](const auto&) { heard.emplace_back("stop"); };
    sinks.lost = [this](const auto&) { heard.emplace_back("lost"); };
    sinks.end = [this](const auto&) { heard.emplace_back("end"); };
    sinks.forget = [](const auto&) {};
    sinks.viewers = [this](const auto&) { return viewers; };
    sinks.tell = [](const auto&, auto, auto) {};
    upstream = std::make_unique<Upstream>(
        Upstream::Env{options, sinks,
                      [this](std::string target, LinkEvents given) {
                        ++opened;
                        targets.push_back(std::move(target));
                        events = std::move(given);
                        auto link = std::make_shared<FakeLink>();
                        link->sent = sent;
                        return link;
                      },
                      [] { return 0.0; }, [this] { ++over; }, bytes, reconnects, delay},
        "session", std::vector<std::string>{}, now);
  }

  template <class Message>
  void say(const Message& message) {
    events.message(encode(message), true);
  }
  void chunk(std::uint64_t sequence) {
    auto next = *clip_chunk(clip(), 0);
    next.sequence = sequence;
    events.message(encode(kEpoch, false, next), false);
  }
  void greet() {
    events.open();
    say(Hello{kVersion, "origin"});
    say(api::relay::Publication{kEpoch, clip().tracks, std::nullopt});
    say(Ready{});
  }
  /// The upstream breaks and is opened again.
  void come_back() {
    events.end(0, error(ErrorCode::io, "gone"));
    now = std::chrono::steady_clock::now() + 300ms;
    EXPECT_FALSE(upstream->tick(now, now));
    greet();
  }

  static constexpr std::uint64_t kEpoch = 1'700'000'000'000'000;
  Metrics metrics;
  prometheus::Counter& bytes = metrics.counter("bytes", "");
  prometheus::Counter& reconnects = metrics.counter("reconnects", "");
  prometheus::Histogram& delay = metrics.histogram("delay", "", {1});
  EdgeOptions options;
  EdgeSinks sinks;
  LinkEvents events;
  std::shared_ptr<std::vector<std::string>> sent = std::make_shared<std::vector<std::string>>();
  std::vector<std::string> heard, targets;
  std::vector<std::uint64_t> chunks;
  Viewers viewers{1, 0};
  int opened = 0, over = 0;
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
  std::unique_ptr<Upstream> upstream;
};

TEST_F(UpstreamTest, ViewersComeOnceAllIsSaid) {
  std::vector<Result<void>> verdicts;
  upstream->enter([&](auto verdict) { verdicts.push_back(std::move(verdict)); }, now);
  EXPECT_TRUE(verdicts.empty());

  greet();

  ASSERT_EQ(verdicts.size(), 1U);
  EXPECT_TRUE(verdicts.front().ok());
  EXPECT_EQ(heard, std::vector<std::string>{"start"});
  EXPECT_EQ(targets.front(), "/live/session/ws?relay=1&via=01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

TEST_F(UpstreamTest, AShortBreakLeavesNoHoleAndNothingComesTwice) {
  greet();
  for (std::uint64_t i = 10; i < 14; ++i) chunk(i);

  come_back();
  for (std::uint64_t i = 12; i < 16; ++i) chunk(i);

  EXPECT_EQ(chunks, (std::vector<std::uint64_t>{10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(heard, std::vector<std::string>{"start"});
  EXPECT_EQ(opened, 2);
}

TEST_F(UpstreamTest, AfterAHoleWindowsBeginAnewWithAllRenditions) {
  greet();
  auto made = clip().tracks;
  made.pop_back();
  made.front().name = "90p";
  say(Renditions{kEpoch, made});
  chunk(10);

  come_back();
  chunk(20);

  EXPECT_EQ(heard, (std::vector<std::string>{"start", "renditions", "resume", "renditions"}));
  EXPECT_EQ(chunks, (std::vector<std::uint64_t>{10, 20}));
}

TEST_F(UpstreamTest, APublicationThatEndedUnheardIsOver) {
  greet();
  events.end(0, error(ErrorCode::io, "gone"));
  now = std::chrono::steady_clock::now() + 300ms;
  EXPECT_FALSE(upstream->tick(now, now));

  events.open();
  say(Hello{kVersion, "origin"});
  say(Ready{});

  EXPECT_EQ(heard, (std::vector<std::string>{"start", "stop"}));
}

TEST_F(UpstreamTest, ViewersAreToldToWaitWhenTheOriginStaysAway) {
  greet();
  events.end(0, error(ErrorCode::io, "gone"));

  now = std::chrono::steady_clock::now() + options.stop_after + 1s;
  EXPECT_FALSE(upstream->tick(now, now));

  EXPECT_EQ(heard, (std::vector<std::string>{"start", "lost"}));
}

TEST_F(UpstreamTest, CuesThatAreToldAgainAreNotShownTwice) {
  const auto cue = [](int number) {
    return R"({"type":"cue","number":)" + std::to_string(number) +
           R"(,"epoch":1,"media_us":9,"scheme":"urn:x","payload":"p"})";
  };
  greet();
  events.message(cue(5), true);

  come_back();
  events.message(cue(5), true);
  events.message(cue(6), true);

  EXPECT_EQ(heard, (std::vector<std::string>{"start", cue(5), cue(6)}));
}

TEST_F(UpstreamTest, ACueThatGoesOverToANewPublicationIsShownWithIt) {
  const auto cue = [](std::uint64_t epoch) {
    return R"({"type":"cue","number":5,"epoch":)" + std::to_string(epoch) +
           R"(,"media_us":9,"scheme":"urn:x","payload":"p"})";
  };
  greet();
  events.message(cue(kEpoch), true);

  say(Stop{});
  say(api::relay::Publication{kEpoch + 1, clip().tracks, std::nullopt});
  events.message(cue(kEpoch + 1), true);

  EXPECT_EQ(heard,
            (std::vector<std::string>{"start", cue(kEpoch), "stop", "start", cue(kEpoch + 1)}));
}

TEST_F(UpstreamTest, WhatIsWrongBreaksTheUpstreamOnly) {
  greet();
  events.message("nonsense", true);

  EXPECT_FALSE(upstream->ready());
  now = std::chrono::steady_clock::now() + 300ms;
  EXPECT_FALSE(upstream->tick(now, now));
  EXPECT_EQ(opened, 2);
  greet();
  auto next = *clip_chunk(clip(), 0);
  next.bytes = std::make_shared<const std::string>("no boxes at all");
  events.message(encode(kEpoch, false, next), false);
  EXPECT_FALSE(upstream->ready());
  EXPECT_TRUE(chunks.empty());
}

TEST_F(UpstreamTest, WhoWaitsTooLongIsToldSo) {
  std::optional<Result<void>> verdict;
  upstream->enter([&](auto given) { verdict = std::move(given); }, now);

  EXPECT_FALSE(upstream->tick(now + options.admit_within, now));

  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->code(), ErrorCode::unavailable);
}

TEST_F(UpstreamTest, NobodyWatchingIsAReasonToLetGoOnlyAfterAWhile) {
  greet();
  viewers = {};

  EXPECT_FALSE(upstream->tick(now + 9s, now));
  EXPECT_TRUE(upstream->tick(now + 11s, now));
}

TEST_F(UpstreamTest, TheWhileBeginsWhenTheLastOneLeft) {
  options.silent_for = 10min;
  greet();
  EXPECT_FALSE(upstream->tick(now + 60s, now));

  viewers = {};

  EXPECT_FALSE(upstream->tick(now + 69s, now));
  EXPECT_TRUE(upstream->tick(now + 71s, now));
}

TEST_F(UpstreamTest, TheOriginsLastWordIsForViewersWhoComeYet) {
  greet();
  EXPECT_EQ(over, 0);
  events.end(1000, error(ErrorCode::io, "the session has ended"));

  const auto last = upstream->tick(now, now);

  EXPECT_EQ(over, 1);
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->ended);
  EXPECT_EQ(last->why.code, ErrorCode::conflict);
}

TEST_F(UpstreamTest, GreetingsAreAskedForOneAtATimeForAllWhoCame) {
  greet();
  int greeted = 0;
  const auto count = [&](const Result<std::vector<std::string>>& texts) {
    greeted += texts.ok() ? 1 : 0;
  };
  const auto asked = [&] {
    return std::ranges::count_if(
        *sent, [](const auto& text) { return text.find("relay_greet") != std::string::npos; });
  };

  upstream->greet(count);
  upstream->greet(count);
  upstream->greet(count);
  EXPECT_EQ(asked(), 1);
  say(Greeting{1, {"history"}});
  EXPECT_EQ(greeted, 1) << "the others came after it was asked for";
  EXPECT_EQ(asked(), 2);
  say(Greeting{2, {"history"}});
  EXPECT_EQ(greeted, 3);
}

TEST_F(UpstreamTest, WhatTheOriginWouldNotTakeCostsOnlyWhoSaidIt) {
  greet();
  std::optional<ErrorCode> answer;

  upstream->say(
      "token", std::string(kMaxSaidBytes + 1, 'x'),
      [&](const auto& given) { answer = given.code(); }, now);

  EXPECT_EQ(answer, ErrorCode::too_large);
  EXPECT_TRUE(upstream->ready());
  EXPECT_TRUE(parse_up(encode(Forward{1, std::string(kMaxTokenBytes, '"'),
                                      std::string(kMaxSaidBytes, '"')}))
                  .ok());
}

TEST_F(UpstreamTest, AGreetingThatNeverComesKeepsNobodyElseWaiting) {
  greet();
  std::vector<bool> greeted;
  const auto note = [&](const auto& texts) { greeted.push_back(texts.ok()); };
  upstream->greet(note);
  upstream->greet(note);

  now = std::chrono::steady_clock::now() + 6s;
  options.silent_for = 60s;
  EXPECT_FALSE(upstream->tick(now, now));
  say(Greeting{2, {}});

  EXPECT_EQ(greeted, (std::vector<bool>{false, true}));
}

TEST(RelayHub, WhatASessionAsksOfViewersIsToldBeforeWhatTheyWouldSee) {
  Metrics metrics;
  boost::asio::io_context loop;
  ws::Fanout fanout({&loop}, metrics);
  RelayOptions options;
  options.instance = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  options.cuts = [](const auto&) { return std::nullopt; };
  options.rules = [](const auto&) { return Rules{{live::ViewAccess::link, {}}, "alice"}; };
  options.cues = [](const auto&) { return std::vector<std::string>(); };
  options.thumbnails = [](const auto&) { return std::vector<media::Thumbnail>(); };
  options.total = [](const auto&, const auto& below) { return below; };
  options.foreign = [](const auto&) { return false; };
  const auto hub = std::make_shared<RelayHub>(loop, fanout, metrics, std::move(options));
  hub->start();
  fanout.start("session", 1'700'000'000'000'000, clip().tracks);
  const auto edge = std::make_shared<FakeSession>(1);

  ASSERT_TRUE(hub->join("session", edge).ok());

  const auto first = [&](std::string_view type) {
    return std::ranges::find_if(
               edge->frames,
               [&](const auto& frame) { return frame->find(type) != std::string::npos; }) -
           edge->frames.begin();
  };
  EXPECT_EQ(first("relay_hello"), 0);
  EXPECT_EQ(first("relay_rules"), 1);
  EXPECT_EQ(first("relay_publication"), 2);
  hub->close();
  fanout.close();
}

TEST(RelayCache, KeepsTheLastGroupAndALittleBefore) {
  RelayCache cache;
  const RelayLimits limits;
  const auto add = [&](std::uint64_t sequence, std::int64_t start_us) {
    media::Chunk chunk;
    chunk.sequence = sequence;
    chunk.start_us = start_us;
    chunk.duration_us = 100'000;
    chunk.bytes = std::make_shared<const std::string>("x");
    cache.add(std::make_shared<const media::Chunk>(chunk), limits);
  };
  for (std::uint64_t i = 0; i < 20; ++i) add(i + 1, static_cast<std::int64_t>(i) * 100'000);

  cache.begin_group(2'000'000);
  add(21, 2'000'000);

  EXPECT_EQ(cache.chunks.front()->start_us, 1'600'000);
  EXPECT_EQ(cache.bytes, cache.chunks.size());
  add(30, 3'000'000);
  EXPECT_EQ(cache.chunks.size(), 1U) << "what follows a hole cannot be decoded";
}

}  // namespace
}  // namespace troupe::test

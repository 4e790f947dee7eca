#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "net/client/clock_sync.hpp"

namespace troupe::client {
namespace {

using namespace std::chrono_literals;
using TimePoint = ClockSync::TimePoint;

constexpr double kPeriod = 1.0 / 30;

struct Way {
  double latency_s = 0.05;
  double jitter_s = 0;  ///< up to so much more, evenly
  double loss = 0;
  double drift = 0;  ///< the client's clock runs so much too fast
};

/// A server that uses a command each tick and answers, a client that paces itself by ClockSync,
/// and the way between them, in steps of a millisecond.
class Trace {
 public:
  explicit Trace(Way way, unsigned seed = 1) : way_(way), random_(seed) {}

  void run(double seconds) {
    for (const auto until = now_ + seconds; now_ < until; now_ += 0.001) {
      if (now_ >= next_command_) send();
      for (auto it = up_.begin(); it != up_.end() && it->first <= now_; it = up_.erase(it))
        queue_ = std::max(queue_, it->second);
      if (now_ >= next_tick_) tick();
      for (auto it = down_.begin(); it != down_.end() && it->first <= now_; it = down_.erase(it)) {
        if (it->second.tick <= newest_) continue;
        newest_ = it->second.tick;
        clock.received(newest_, it->second.used, it->second.waiting, local());
      }
    }
  }
  /// Commands that wait at the server from now on without being new.
  void add_backlog(std::uint32_t commands) {
    sequence_ += commands;
    queue_ = sequence_;
  }
  [[nodiscard]] double tick_error() const {
    const auto truth = tick_ + (now_ - (next_tick_ - kPeriod)) / kPeriod;
    return clock.server_tick(local()).value() - truth;
  }
  [[nodiscard]] TimePoint local() const {
    return TimePoint{} + 1h +
           std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::duration<double>(now_ * (1 + way_.drift)));
  }

  ClockSync clock{30};
  int ticks = 0, without = 0;  ///< without a command
  Way way_;

 private:
  struct Answer {
    std::uint32_t tick, used;
    int waiting;
  };
  double delay() {
    return way_.latency_s + way_.jitter_s * std::generate_canonical<double, 32>(random_);
  }
  bool lost() { return std::generate_canonical<double, 32>(random_) < way_.loss; }
  void send() {
    clock.sent(++sequence_, local());
    // Each packet repeats the last commands: the newest brings those that were lost.
    if (!lost()) up_.emplace(now_ + delay(), sequence_);
    next_command_ =
        now_ + std::chrono::duration<double>(clock.command_period()).count() / (1 + way_.drift);
  }
  void tick() {
    ++tick_;
    ++ticks;
    next_tick_ += kPeriod;
    if (used_ < queue_) {
      ++used_;
    } else {
      ++without;
    }
    const auto waiting = static_cast<int>(std::min<std::uint32_t>(queue_ - used_, 15));
    if (!lost()) down_.emplace(now_ + delay(), Answer{tick_, used_, waiting});
  }

  std::mt19937 random_;
  double now_ = 0, next_command_ = 0, next_tick_ = 0.011;
  std::uint32_t sequence_ = 0, queue_ = 0, used_ = 0, tick_ = 1'000, newest_ = 0;
  std::multimap<double, std::uint32_t> up_;
  std::multimap<double, Answer> down_;
};

TEST(ClockSync, ConstantLatencyGivesTheRoundTripAndTheServersTick) {
  Trace trace({.latency_s = 0.08});

  trace.run(10);

  // A command waits half a tick for its tick, on average; after pacing less than one.
  EXPECT_NEAR(trace.clock.round_trip_ms(), 160, 34);
  EXPECT_NEAR(trace.tick_error(), 0, 0.6);
  EXPECT_LT(trace.clock.jitter_ms(), 15);
}

TEST(ClockSync, JitterAndLossDoNotMoveTheServersTick) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Trace trace({.latency_s = 0.1, .jitter_s = 0.04, .loss = 0.055}, seed);

    trace.run(20);

    EXPECT_NEAR(trace.tick_error(), 0, 1.0);
    EXPECT_NEAR(trace.clock.round_trip_ms(), 240, 45);
  }
}

TEST(ClockSync, MoreJitterAsksForMoreCommandsToWait) {
  Trace calm({.latency_s = 0.05}), rough({.latency_s = 0.05, .jitter_s = 0.06});

  calm.run(20);
  rough.run(20);

  EXPECT_GT(rough.clock.target_waiting(), calm.clock.target_waiting() + 0.3);
  EXPECT_GT(rough.clock.waiting(), calm.clock.waiting());
}

TEST(ClockSync, TicksSeldomGoWithoutACommandOnceItHasSettled) {
  for (const auto jitter : {0.0, 0.02, 0.05}) {
    SCOPED_TRACE(jitter);
    Trace trace({.latency_s = 0.06, .jitter_s = jitter});
    trace.run(15);
    trace.ticks = trace.without = 0;

    trace.run(60);

    EXPECT_LT(trace.without, trace.ticks * 0.06);
  }
}

TEST(ClockSync, ABacklogAtTheServerIsWorkedOff) {
  Trace trace({.latency_s = 0.03});
  trace.run(5);
  trace.add_backlog(8);
  trace.run(1);
  ASSERT_GT(trace.clock.waiting(), 4);

  trace.run(20);

  EXPECT_LT(trace.clock.waiting(), 2);
}

TEST(ClockSync, AClockThatDriftsIsFollowed) {
  Trace trace({.latency_s = 0.05, .drift = 300e-6});

  trace.run(200);

  EXPECT_NEAR(trace.tick_error(), 0, 1.2) << "it is 60 ms off by now";
  EXPECT_NEAR(trace.clock.waiting(), trace.clock.target_waiting(), 1.5);
}

TEST(ClockSync, AWayThatGetsLongerIsFoundOut) {
  Trace trace({.latency_s = 0.02});
  trace.run(10);
  trace.way_.latency_s = 0.15;

  trace.run(20);

  EXPECT_NEAR(trace.clock.round_trip_ms(), 300, 40);
  EXPECT_NEAR(trace.tick_error(), 0, 1.0);
}

TEST(ClockSync, ARestartedMatchIsAnotherClock) {
  ClockSync clock;
  const auto now = TimePoint{} + 1h;
  clock.received(5'000, 0, 0, now);
  clock.restart();

  EXPECT_FALSE(clock.server_tick(now));
  clock.received(10, 0, 0, now);

  EXPECT_NEAR(*clock.server_tick(now + 100ms), 13, 0.01);
}

}  // namespace
}  // namespace troupe::client

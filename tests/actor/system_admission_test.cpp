// When work is refused: the rule alone, and on a scheduler that is kept busy.
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include "actors/system/admission.hpp"
#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;

/// One observation each 25 ms for `length`, all with this delay.
void hold(OverloadDetector& detector, OverloadDetector::TimePoint& now,
          OverloadDetector::Duration delay, std::chrono::milliseconds length) {
  for (auto passed = 0ms; passed < length; passed += 25ms) {
    now += 25ms;
    detector.observe(delay, now);
  }
}

TEST(OverloadDetectorTest, a_burst_that_drains_is_no_overload) {
  OverloadDetector detector({});
  OverloadDetector::TimePoint now;
  for (int i = 0; i < 10; ++i) {
    hold(detector, now, 400ms, 300ms);
    hold(detector, now, 1ms, 200ms);
    EXPECT_EQ(detector.lowest_admitted(), Priority::bulk);
  }
}

TEST(OverloadDetectorTest, a_standing_queue_sheds_bulk_and_a_longer_one_all_but_vital_work) {
  OverloadDetector detector({});
  OverloadDetector::TimePoint now;
  hold(detector, now, 60ms, 1'100ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::normal);
  hold(detector, now, 300ms, 1'100ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::vital);
}

TEST(OverloadDetectorTest, work_is_let_in_again_step_by_step_and_only_when_it_is_clearly_better) {
  OverloadDetector detector({});
  OverloadDetector::TimePoint now;
  hold(detector, now, 300ms, 1'100ms);
  hold(detector, now, 200ms, 2'000ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::vital) << "better, but not half the limit";
  hold(detector, now, 10ms, 550ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::normal);
  hold(detector, now, 10ms, 550ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::bulk);
}

TEST(OverloadDetectorTest, a_limit_of_zero_is_off) {
  OverloadDetector detector({.bulk_delay = 0ms, .normal_delay = 0ms});
  OverloadDetector::TimePoint now;
  hold(detector, now, 10'000ms, 5'000ms);
  EXPECT_EQ(detector.lowest_admitted(), Priority::bulk);
}

TEST(AdmissionTest, a_busy_scheduler_is_noticed_and_forgiven) {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", std::size_t{1});
  caf::actor_system system(config);
  Metrics metrics;
  Admission admission(system, metrics,
                      {.bulk_delay = 20ms, .normal_delay = 10'000ms, .interval = 50ms});
  EXPECT_TRUE(admission.admit(Priority::bulk));
  std::atomic<bool> busy{true};
  const auto hog = system.spawn([&busy]() -> caf::behavior {
    return {[&busy](int) {
      while (busy) std::this_thread::yield();
    }};
  });
  const auto eventually = [](auto condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return condition();
  };

  caf::anon_send(hog, 1);
  EXPECT_TRUE(eventually([&] { return !admission.admit(Priority::bulk); }));
  EXPECT_TRUE(admission.admit(Priority::normal));
  busy = false;

  EXPECT_TRUE(eventually([&] { return admission.admit(Priority::bulk); }));
  EXPECT_NE(metrics.expose().find("troupe_admission_refused_total{priority=\"bulk\"}"),
            std::string::npos);
  caf::anon_send_exit(hog, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace troupe::actors

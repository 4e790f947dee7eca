// Supervisors on CAF's deterministic scheduler: time passes only when the test says so.
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using fail_atom = caf::atom_constant<caf::atom("fail")>;
using Log = std::vector<std::string>;

struct TestConfig : caf::actor_system_config {
  TestConfig() { set("scheduler.policy", caf::atom("testing")); }
};

class SupervisorTest : public testing::Test {
 protected:
  ~SupervisorTest() override {
    for (const auto& actor : roots_) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    advance(120s);
  }

  /// A child that writes down when it starts and ends; `stubborn` ones do not end when asked to.
  ChildSpec child(const std::string& id, bool stubborn = false) {
    return {.id = id,
            .start =
                [this, id, stubborn](caf::actor_system& system) {
                  log_.push_back("start " + id);
                  auto actor = system.spawn([this, id, stubborn](caf::event_based_actor* self) {
                    self->attach_functor([this, id] { log_.push_back("end " + id); });
                    if (stubborn) {
                      self->set_exit_handler([](caf::exit_msg&) {});
                    }
                    return caf::behavior{[](fail_atom) { throw std::runtime_error("failed"); }};
                  });
                  running_[id] = actor;
                  return actor;
                },
            .stop_timeout = 1'000ms};
  }

  std::shared_ptr<SupervisorNode> node(const std::string& name, std::vector<ChildSpec> children,
                                       Strategy strategy = Strategy::one_for_one) {
    auto made = std::make_shared<SupervisorNode>();
    made->name = name;
    made->options = {strategy, {100ms, 1'000ms, 2, 60'000ms}};
    made->metrics = &metrics_;
    made->specs = std::move(children);
    for (const auto& spec : made->specs) made->rows.push_back({spec.id, {}, 0, {}, {}});
    made->inner.resize(made->specs.size());
    return made;
  }

  caf::actor start(const std::shared_ptr<SupervisorNode>& node) {
    roots_.push_back(spawn_supervisor(system_, node));
    run();
    return roots_.back();
  }

  void crash(const std::string& id) {
    caf::anon_send(running_.at(id), fail_atom::value);
    run();
  }
  void run() { scheduler().run(); }
  void advance(std::chrono::milliseconds by) {
    run();
    scheduler().advance_time(by);
    run();
  }
  Log take_log() { return std::exchange(log_, {}); }

  TestConfig config_;
  Metrics metrics_;
  Log log_;
  std::map<std::string, caf::actor> running_;
  caf::actor_system system_{config_};

 private:
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }
  std::vector<caf::actor> roots_;
};

TEST_F(SupervisorTest, children_start_in_order_and_end_in_reverse) {
  const auto root = start(node("root", {child("a"), child("b"), child("c")}));
  EXPECT_EQ(take_log(), (Log{"start a", "start b", "start c"}));

  caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
  run();

  EXPECT_EQ(take_log(), (Log{"end c", "end b", "end a"}));
}

TEST_F(SupervisorTest, a_crashed_child_starts_again_after_its_backoff_and_not_before) {
  const auto tree = node("root", {child("a"), child("b")});
  start(tree);
  take_log();

  crash("a");
  EXPECT_EQ(status_of(*tree).children[0].state, "waiting");
  advance(70ms);
  EXPECT_EQ(take_log(), Log{"end a"}) << "100 ms, less a quarter of jitter";
  advance(60ms);

  EXPECT_EQ(take_log(), Log{"start a"});
  const auto shown = status_of(*tree).children[0];
  EXPECT_EQ(shown.state, "running");
  EXPECT_EQ(shown.restarts, 1U);
  EXPECT_FALSE(shown.last_reason.empty());
}

TEST_F(SupervisorTest, rest_for_one_renews_those_who_rely_on_the_crashed_one) {
  start(node("root", {child("a"), child("b"), child("c")}, Strategy::rest_for_one));
  take_log();

  crash("b");
  advance(130ms);

  EXPECT_EQ(take_log(), (Log{"end b", "end c", "start b", "start c"}));
}

TEST_F(SupervisorTest, a_child_that_does_not_end_in_time_is_killed) {
  const auto root = start(node("root", {child("a"), child("b", /*stubborn=*/true)}));
  take_log();

  caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
  advance(900ms);
  EXPECT_EQ(take_log(), Log{}) << "a waits for b";
  advance(200ms);

  EXPECT_EQ(take_log(), (Log{"end b", "end a"}));
}

TEST_F(SupervisorTest, a_domain_that_cannot_be_kept_up_is_started_anew_by_the_one_above) {
  const auto domain = node("domain", {child("a"), child("b")});
  const auto root = node("root", {supervisor_child(domain)});
  root->inner[0] = domain;
  start(root);
  for (int i = 0; i < 2; ++i) {
    crash("a");
    advance(1'500ms);
  }
  take_log();

  crash("a");  // the third within a minute
  EXPECT_EQ(take_log(), (Log{"end a", "end b"}));
  advance(1'500ms);

  EXPECT_EQ(take_log(), (Log{"start a", "start b"}));
  EXPECT_EQ(status_of(*root).children[0].restarts, 1U);
  EXPECT_EQ(status_of(*root).children[0].children[1].state, "running");
}

TEST_F(SupervisorTest, the_last_escalation_is_told_and_ends_everything) {
  bool told = false;
  const auto tree = node("root", {child("a"), child("b")});
  tree->on_escalation = [&] { told = true; };
  start(tree);

  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(told);
    crash("a");
    advance(1'500ms);
  }

  EXPECT_TRUE(told);
  EXPECT_EQ(take_log().back(), "end b");
}

TEST_F(SupervisorTest, a_child_that_cannot_start_counts_as_crashed) {
  int attempts = 0;
  auto broken = child("broken");
  broken.start = [&](caf::actor_system&) -> caf::actor {
    ++attempts;
    throw std::runtime_error("no file");
  };
  bool told = false;
  const auto tree = node("root", {child("a"), broken});
  tree->on_escalation = [&] { told = true; };
  start(tree);

  for (int i = 0; i < 3; ++i) advance(1'500ms);

  EXPECT_EQ(attempts, 3) << "at first, and as often as the limit allows";
  EXPECT_TRUE(told);
}

TEST_F(SupervisorTest, a_killed_supervisor_takes_its_children_with_it) {
  const auto root = start(node("root", {child("a"), child("b")}));
  take_log();

  caf::anon_send_exit(root, caf::exit_reason::kill);
  run();

  auto ended = take_log();
  std::ranges::sort(ended);
  EXPECT_EQ(ended, (Log{"end a", "end b"}));
}

}  // namespace
}  // namespace troupe::actors

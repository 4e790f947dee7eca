#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <gtest/gtest.h>

#include "actors/system/ask.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"

namespace troupe::actors {
namespace {

using namespace std::chrono_literals;
using add_atom = caf::atom_constant<caf::atom("add")>;
using die_atom = caf::atom_constant<caf::atom("die")>;
using hang_atom = caf::atom_constant<caf::atom("hang")>;

/// "Stored" state of counters, outside of the actors as a database would be.
struct Stored {
  std::mutex mutex;
  std::map<std::string, int> values;
  std::map<std::string, int> up;  ///< activations alive at once
  std::atomic<bool> twice{false};
};

struct CounterState {
  std::shared_ptr<Stored> stored;
  std::string id;
  ~CounterState() {
    const std::lock_guard lock(stored->mutex);
    --stored->up[id];
  }
};

caf::behavior counter(caf::stateful_actor<CounterState>* self, std::shared_ptr<Stored> stored,
                      std::string id) {
  self->state.stored = stored;
  self->state.id = id;
  {
    const std::lock_guard lock(stored->mutex);
    if (++stored->up[id] > 1) stored->twice = true;
  }
  return {
      [stored, id](add_atom, int amount) {
        const std::lock_guard lock(stored->mutex);
        return stored->values[id] += amount;
      },
      [self](die_atom) { self->quit(caf::exit_reason::unhandled_exception); },
      [self](hang_atom) { return self->make_response_promise(); },
      [self](passivate_atom) { self->quit(); },
  };
}

class EntityTest : public ::testing::Test {
 protected:
  EntityKind kind() {
    EntityKind k;
    k.name = "counter";
    k.activate = [stored = stored](caf::actor_system& sys, const std::string& id) {
      return sys.spawn(counter, stored, id);
    };
    k.backoff_min = 1ms;
    k.backoff_max = 5ms;
    return k;
  }

  Result<int> add(const std::string& id, int amount, std::chrono::milliseconds timeout = 5s) {
    return ask(id, timeout, add_atom::value, amount);
  }

  template <class... Args>
  Result<int> ask(const std::string& id, std::chrono::milliseconds timeout, Args... args) {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<Result<int>> answer;
    asker->ask_as<int>(
        "counter", id, timeout,
        [&](Result<int> reply) {
          const std::lock_guard lock(mutex);
          answer = std::move(reply);
          done.notify_one();
        },
        args...);
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return answer.has_value(); });
    return *answer;
  }

  void start(EntityKind k) { registry->add_kind(std::move(k)); }

  template <class F>
  bool eventually(F condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < until) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  Metrics metrics;
  caf::actor_system_config config;
  caf::actor_system system{config};
  std::shared_ptr<Stored> stored = std::make_shared<Stored>();
  std::unique_ptr<EntityRegistry> registry = std::make_unique<EntityRegistry>(system, metrics);
  std::unique_ptr<Asker> asker = std::make_unique<Asker>(system, *registry);

  void TearDown() override {
    EXPECT_EQ(registry->shutdown(10s), 0U);
    EXPECT_FALSE(stored->twice) << "two activations of one key at once";
    asker.reset();
    registry.reset();
  }
};

TEST_F(EntityTest, TheFirstMessageActivatesAndLaterOnesReachTheSameActivation) {
  start(kind());

  EXPECT_EQ(*add("a", 2), 2);
  EXPECT_EQ(*add("a", 3), 5);

  EXPECT_EQ(registry->status().at(0).activations, 1U);
}

TEST_F(EntityTest, ACrashedEntityComesBackWithItsStoredState) {
  start(kind());
  EXPECT_EQ(*add("a", 7), 7);

  registry->crash("counter", "a");

  ASSERT_TRUE(eventually([&] { return registry->status().at(0).crashes == 1; }));
  EXPECT_EQ(*add("a", 1), 8);
  EXPECT_EQ(registry->status().at(0).activations, 2U);
}

// What the crashed activation had begun may or may not have happened: the asker hears of it at its
// deadline.
TEST_F(EntityTest, ARequestThatACrashedEntityHadBegunFailsAtItsDeadline) {
  start(kind());
  std::atomic<int> timed_out{0};
  asker->ask_as<int>(
      "counter", "a", 200ms,
      [&](Result<int> reply) {
        if (!reply.ok() && reply.code() == ErrorCode::timeout) ++timed_out;
      },
      hang_atom::value);

  registry->crash("counter", "a");

  EXPECT_TRUE(eventually([&] { return timed_out == 1; }));
}

TEST_F(EntityTest, IdleEntitiesArePassivatedAndComeBack) {
  auto k = kind();
  k.idle_after = 1ms;
  start(k);
  EXPECT_EQ(*add("a", 1), 1);

  ASSERT_TRUE(eventually([&] { return registry->status().at(0).passivations >= 1; }));

  EXPECT_EQ(*add("a", 1), 2);
}

TEST_F(EntityTest, TheLongestIdleMakeRoomWhenTheKindIsAtItsBound) {
  auto k = kind();
  k.max_active = 10;
  start(k);

  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    auto reply = add(std::to_string(i), 1);
    if (!reply.ok()) {
      EXPECT_EQ(reply.code(), ErrorCode::overloaded);
      ++refused;
    }
    EXPECT_LE(registry->status().at(0).active, 12U);
  }

  EXPECT_LT(refused, 100);
}

TEST_F(EntityTest, AnEntityThatCrashesTooOftenIsUnavailable) {
  auto k = kind();
  k.max_restarts = 2;
  start(k);
  for (int i = 1; i <= 3; ++i) {
    static_cast<void>(add("a", 1));
    registry->crash("counter", "a");
    ASSERT_TRUE(
        eventually([&] { return registry->status().at(0).crashes == static_cast<unsigned>(i); }));
  }

  const auto reply = add("a", 1);

  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.code(), ErrorCode::unavailable);
}

TEST_F(EntityTest, ARequestWithoutAnswerTimesOut) {
  start(kind());

  const auto reply = ask("a", 20ms, hang_atom::value);

  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.code(), ErrorCode::timeout);
}

// Kills entities at random while messages flow from several threads: nothing is answered twice,
// everything is answered or fails with a clear reason, and what was acknowledged is there.
TEST_F(EntityTest, UnderRandomKillsEachMessageIsAnsweredExactlyOnce) {
  auto k = kind();
  k.max_restarts = 1'000'000;
  k.shards = 2;
  k.idle_after = 20ms;
  start(k);
  constexpr int kThreads = 3, kPerThread = 4'000, kIds = 40;
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::vector<std::atomic<int>> answers(kThreads * kPerThread);
  std::atomic<int> acknowledged{0}, unclear{0};

  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(seed + static_cast<unsigned>(t));
      for (int i = 0; i < kPerThread; ++i) {
        const auto id = std::to_string(random() % kIds);
        asker->ask_as<int>(
            "counter", id, 20s,
            [&, slot = t * kPerThread + i](Result<int> reply) {
              ++answers[static_cast<std::size_t>(slot)];
              if (reply.ok()) {
                ++acknowledged;
              } else if (reply.code() != ErrorCode::unavailable &&
                         reply.code() != ErrorCode::overloaded) {
                ++unclear;
              }
            },
            add_atom::value, 1);
        if (random() % 20 == 0) registry->crash("counter", std::to_string(random() % kIds));
      }
    });
  }
  for (auto& thread : threads) thread.join();

  ASSERT_TRUE(eventually([&] {
    return std::all_of(answers.begin(), answers.end(), [](const auto& n) { return n >= 1; });
  }));
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](const auto& n) { return n == 1; }));
  EXPECT_EQ(unclear, 0);
  int stored_total = 0;
  const std::lock_guard lock(stored->mutex);
  for (const auto& [id, value] : stored->values) stored_total += value;
  EXPECT_GE(stored_total, acknowledged);
  EXPECT_GT(registry->status().at(0).crashes, 10U);
}

/// Under a supervision tree, as in the server.
class SupervisedEntityTest : public EntityTest {
 protected:
  SupervisedEntityTest() {
    asker.reset();
    registry = std::make_unique<EntityRegistry>(system, metrics, &tree);
    asker = std::make_unique<Asker>(system, *registry);
  }
  void TearDown() override {
    EXPECT_EQ(registry->shutdown(10s), 0U);
    tree.stop();
    EXPECT_FALSE(failed);
    EXPECT_FALSE(stored->twice) << "two activations of one key at once";
    asker.reset();
    registry.reset();
  }
  void kill_router(const std::string& id) {
    caf::anon_send_exit(registry->router("counter", id), caf::exit_reason::kill);
  }

  std::atomic<bool> failed{false};
  SupervisionTree tree{system, metrics, [this] { failed = true; },
                       RestartLimits{1ms, 5ms, 1'000'000, 60s}};
};

TEST_F(SupervisedEntityTest, AKilledRouterComesBackAndItsEntitiesHaveTheirStoredState) {
  tree.configure("counter", {Strategy::one_for_one, {1ms, 5ms, 10, 60s}});
  start(kind());
  EXPECT_EQ(*add("a", 7), 7);

  kill_router("a");

  ASSERT_TRUE(eventually([&] {
    const auto reply = add("a", 0, 100ms);
    return reply.ok() && *reply == 7;
  }));
  const auto shown = tree.status().children.at(0);
  EXPECT_EQ(shown.id, "counter");
  EXPECT_EQ(shown.children.at(0).restarts, 1U);
}

// As above, and the registry itself is killed as well.
TEST_F(SupervisedEntityTest, UnderKillsOfRoutersAndEntitiesNothingIsAnsweredTwiceOrActivatedTwice) {
  tree.configure("counter", {Strategy::one_for_one, {1ms, 5ms, 1'000'000, 60s}});
  auto k = kind();
  k.max_restarts = 1'000'000;
  k.shards = 2;
  start(k);
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr int kRequests = 4'000, kIds = 20;
  std::vector<std::atomic<int>> answers(kRequests);
  std::atomic<int> answered{0}, acknowledged{0}, unclear{0};

  for (int i = 0; i < kRequests; ++i) {
    const auto id = std::to_string(random() % kIds);
    asker->ask_as<int>(
        "counter", id, 500ms,
        [&, i](Result<int> reply) {
          ++answers[static_cast<std::size_t>(i)];
          if (reply.ok()) ++acknowledged;
          if (!reply.ok() && reply.code() == ErrorCode::internal) ++unclear;
          ++answered;
        },
        add_atom::value, 1);
    if (random() % 50 == 0) registry->crash("counter", std::to_string(random() % kIds));
    if (random() % 200 == 0) kill_router(id);
    if (i % 100 == 0) {
      ASSERT_TRUE(eventually([&] { return answered > i - 50; }));
    }
  }

  ASSERT_TRUE(eventually([&] { return answered == kRequests; }));
  EXPECT_TRUE(std::all_of(answers.begin(), answers.end(), [](const auto& n) { return n == 1; }));
  EXPECT_EQ(unclear, 0);
  EXPECT_GT(acknowledged, 0);
  int stored_total = 0;
  {
    const std::lock_guard lock(stored->mutex);
    for (const auto& [id, value] : stored->values) stored_total += value;
  }
  EXPECT_GE(stored_total, acknowledged);
}

}  // namespace
}  // namespace troupe::actors

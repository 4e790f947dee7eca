// Matches at a thousand ticks a second, on a store of their own.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>

#include <caf/actor_system.hpp>
#include <gtest/gtest.h>

#include "actors/match/domain.hpp"
#include "actors/match/match_actor.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/scheduler.hpp"
#include "actors/system/ticker.hpp"
#include "base/metrics.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::match {

using namespace std::chrono_literals;

/// Nobody is connected for real.
struct Silence : Output {
  void snapshot(SessionId, const game::SnapshotHead&, std::shared_ptr<const std::string>) override {
  }
  void ended(SessionId, const std::vector<Placement>&) override {}
  void tables(SessionId, const game::PackedTables&) override {}
  void welcome(SessionId, const Welcome&) override {}
  void goodbye(SessionId, game::Goodbye) override {}
};

class MatchDomainTest : public testing::Test {
 protected:
  using Reported =
      std::function<void(const std::string& player, std::shared_ptr<const fairness::Report>)>;
  explicit MatchDomainTest(Output& output,
                           MatchOptions options = {.tick_hz = 1'000, .checkpoint_ticks = 2},
                           Reported conduct = {}) {
    auto shared = std::make_shared<MatchShared>(context_, output, ticker_, std::move(options));
    shared->conduct = std::move(conduct);
    add_match(std::move(shared));
  }
  ~MatchDomainTest() override { entities_.shutdown(10s); }

  template <class... Args>
  Result<InfoPtr> ask(const std::string& id, Args... args) {
    std::promise<Result<InfoPtr>> answer;
    asker_.ask_as<InfoPtr>(
        kMatchKind, id, 5s, [&](Result<InfoPtr> reply) { answer.set_value(std::move(reply)); },
        args...);
    return answer.get_future().get();
  }

  test::TempDir dir_;
  Metrics metrics_;
  std::unique_ptr<storage::Store> store_ = std::move(*storage::Store::open({.path = dir_ / "db"}));
  storage::Writer writer_{*store_, metrics_};
  storage::ReadPool reads_{*store_};
  actors::SchedulerConfig config_{2};
  caf::actor_system system_{config_};
  actors::EntityRegistry entities_{system_, metrics_};
  actors::Asker asker_{system_, entities_};
  actors::Context context_{
      system_, *store_, writer_, reads_, entities_, metrics_, [] {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
      }};
  actors::Ticker ticker_{1ms, metrics_};
};

}  // namespace troupe::match

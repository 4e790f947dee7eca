#include <future>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include "actors/system/persist.hpp"
#include "base/metrics.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::actors {
namespace {

using go_atom = caf::atom_constant<caf::atom("go")>;

struct PersistTest : ::testing::Test {
  test::TempDir dir;
  Metrics metrics;
  std::unique_ptr<storage::Store> store =
      std::move(storage::Store::open({.path = dir.path()})).value();
  storage::Writer writer{*store, metrics};
  storage::ReadPool reads{*store};
  caf::actor_system_config config;
  caf::actor_system system{config};
};

TEST_F(PersistTest, ThenRunsOnTheActorOnceTheBatchIsDurable) {
  auto actor = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
    return {[this, self](go_atom) {
      auto promise = self->make_response_promise();
      storage::Batch batch;
      batch.put(storage::Family::meta, "k", "v");
      persist(self, writer, std::move(batch),
              [this, self, promise](const Result<storage::Committed>& done) mutable {
                EXPECT_TRUE(done.ok());
                read<std::string>(
                    self, reads,
                    [](const storage::Store& s) -> Result<std::string> {
                      return **s.get(storage::Family::meta, "k");
                    },
                    [promise](Result<std::string> value) mutable { promise.deliver(*value); });
              });
      return promise;
    }};
  });

  caf::scoped_actor self(system);
  std::string seen;
  self->request(actor, std::chrono::seconds(10), go_atom::value)
      .receive([&](const std::string& value) { seen = value; }, [](const caf::error&) { FAIL(); });

  EXPECT_EQ(seen, "v");
  self->send_exit(actor, caf::exit_reason::user_shutdown);
}

TEST_F(PersistTest, AnActorThatEndsFirstIsNotCalled) {
  std::promise<void> submitted;
  auto called = std::make_shared<std::atomic<bool>>(false);
  auto actor = system.spawn([&, called](caf::event_based_actor* self) -> caf::behavior {
    return {[&, self, called](go_atom) {
      storage::Batch batch;
      batch.put(storage::Family::meta, "k", "v");
      persist(self, writer, std::move(batch), [called](const auto&) { *called = true; });
      self->quit();
      submitted.set_value();
    }};
  });

  caf::anon_send(actor, go_atom::value);
  submitted.get_future().wait();
  writer.flush();
  system.await_all_actors_done();

  EXPECT_FALSE(*called);
  EXPECT_TRUE(store->get(storage::Family::meta, "k")->has_value());
}

}  // namespace
}  // namespace troupe::actors

// Store, writer, actors and registry in this process: what a domain's actors need to live.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include <caf/actor_system.hpp>

#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "actors/system/scheduler.hpp"
#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::test {

/// On the database in `directory`; several may follow each other there.
class ActorWorld {
 public:
  explicit ActorWorld(const std::string& directory)
      : store_(std::move(*storage::Store::open({.path = directory}))) {}
  ~ActorWorld() {
    entities_.shutdown(std::chrono::seconds(10));
    tree_.stop();
  }
  ActorWorld(const ActorWorld&) = delete;
  ActorWorld& operator=(const ActorWorld&) = delete;

  [[nodiscard]] actors::Context& context() noexcept { return context_; }
  [[nodiscard]] actors::Asker& asker() noexcept { return asker_; }
  [[nodiscard]] storage::Store& store() noexcept { return *store_; }
  [[nodiscard]] storage::Writer& writer() noexcept { return writer_; }

  /// Asks an entity and waits for the answer.
  template <class Reply, class... Args>
  Result<Reply> ask(const std::string& kind, const std::string& id, Args... args) {
    std::promise<Result<Reply>> answer;
    asker_.ask_as<Reply>(
        kind, id, std::chrono::seconds(20),
        [&](Result<Reply> reply) { answer.set_value(std::move(reply)); }, args...);
    return answer.get_future().get();
  }

 private:
  Metrics metrics_;
  std::unique_ptr<storage::Store> store_;
  storage::Writer writer_{*store_, metrics_};
  storage::ReadPool reads_{*store_};
  actors::SchedulerConfig config_{2};
  caf::actor_system system_{config_};
  actors::SupervisionTree tree_{system_, metrics_, [] {}};
  actors::EntityRegistry entities_{system_, metrics_, &tree_};
  actors::Asker asker_{system_, entities_};
  actors::Context context_{
      system_,
      *store_,
      writer_,
      reads_,
      entities_,
      metrics_,
      [] {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::system_clock::now().time_since_epoch())
                                              .count());
      },
      &tree_};
};

}  // namespace troupe::test

// From an actor to the group-commit writer and the read pool and back: nothing blocks, answers come
// as messages.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/message.hpp>
#include <caf/scheduled_actor.hpp>

#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::actors {

/// A request that an actor makes of a thread instead of another actor. Made on the actor;
/// `complete` may be called once, from any thread, and runs `then` on the actor. If the actor has
/// ended, nothing happens.
class Continuation {
 public:
  /// Registers `then` with `self` as the handler of a fresh request.
  Continuation(caf::scheduled_actor* self, std::function<void()> then);
  void complete() const;

 private:
  caf::strong_actor_ptr self_;
  caf::message_id response_;
};

/// Submits `batch`; `then` runs on `self` with the outcome once it is durable (or refused). If
/// `self` ends first, `then` never runs but the batch may still commit. Works for any event-based
/// actor, typed or not. Several calls complete in the order in which they were made.
void persist(caf::scheduled_actor* self, storage::Writer& writer, storage::Batch batch,
             std::function<void(const Result<storage::Committed>&)> then);

/// Runs `job` on the pool and hands its result to `then` on `self`. `T` must be movable; name it:
/// `read<User>(…)`.
template <class T>
void read(caf::scheduled_actor* self, storage::ReadPool& pool,
          std::function<Result<T>(const storage::Store&)> job,
          std::function<void(Result<T>)> then) {
  auto outcome = std::make_shared<Result<T>>(error(ErrorCode::internal));
  const Continuation continuation(self,
                                  [outcome, then = std::move(then)] { then(std::move(*outcome)); });
  auto posted =
      pool.post([outcome, continuation, job = std::move(job)](const storage::Store& store) {
        *outcome = job(store);
        continuation.complete();
      });
  if (!posted.ok()) {
    *outcome = posted.error();
    continuation.complete();
  }
}

}  // namespace troupe::actors

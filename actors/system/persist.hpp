// From an actor to the group-commit writer and back, and reads through the pool: nothing blocks, replies come as messages.
#pragma once

#include <functional>
#include <memory>

#include <caf/event_based_actor.hpp>

#include "base/result.hpp"
#include "storage/batch.hpp"
#include "storage/read_pool.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::actors {

/// Submits `batch`; `then` runs on `self` with the outcome once it is durable (or refused). If `self` ends first, `then`
/// never runs but the batch may still commit. Works for any event-based actor, typed or not.
/// Several calls complete in the order in which they were made.
void persist(caf::scheduled_actor* self, storage::Writer& writer, storage::Batch batch,
             std::function<void(const Result<storage::Committed>&)> then);

/// Runs `job` on the pool and hands its result to `then` on `self`.
template <class T>
void read(caf::scheduled_actor* self, storage::ReadPool& pool, std::function<Result<T>(const storage::Store&)> job,
          std::function<void(Result<T>)> then);

}  // namespace troupe::actors

// The group-commit writer: one thread, one WAL sync for all batches that wait, then every member is
// acknowledged.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "storage/batch.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::storage {

class Store;

struct WriterOptions {
  std::size_t max_queued_batches =
      65'536;  ///< Beyond either bound submit() refuses with `overloaded`.
  std::size_t max_queued_bytes = 64U << 20;
  std::size_t max_group_bytes = 4U << 20;  ///< Bytes synced at once.
  std::size_t max_group_batches = 1'024;
};

/// What an acknowledged batch became.
struct Committed {
  std::uint64_t first_offset =
      0;  ///< Journal offset of the batch's first event; 0 when it had none.
};

class Writer {
 public:
  using Done = std::function<void(const Result<Committed>&)>;

  /// Errors: those of journal_end().
  static Result<std::unique_ptr<Writer>> open(Store& store, Metrics& metrics,
                                              WriterOptions options = {});
  /// A writer that refuses every batch with the reason when the journal cannot be read; open()
  /// returns that reason instead.
  Writer(Store& store, Metrics& metrics, WriterOptions options = {});
  /// Commits what is queued, then stops.
  ~Writer();

  /// Queues `batch`. `done` runs on the writer's thread once the batch is synced to disk (or
  /// failed): it must be quick, must not throw and typically sends an actor message. Batches commit
  /// in the order of submission. Errors (then `done` is never called): overloaded, unavailable
  /// (stopping), io (an earlier write or sync failed: only a restart, which recovers what is on
  /// disk, takes writes again). Never blocks. Any thread.
  Result<void> submit(Batch batch, Done done);

  /// Waits until everything that was submitted before is acknowledged. For shutdown, backup and
  /// tests.
  void flush();

  /// Calls `wake` (on the writer's thread) after each group that appended events. For journal
  /// consumers. Returns a token for unsubscribe().
  std::uint64_t on_appended(std::function<void(std::uint64_t next_offset)> wake);
  void unsubscribe(std::uint64_t token);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::storage

// The read pool: a few threads that do blocking reads for actors and I/O threads.
#pragma once

#include <functional>
#include <memory>

#include "base/result.hpp"

namespace troupe::storage {

class Store;

class ReadPool {
 public:
  /// `threads` ≥ 1; `max_queued`: beyond it post() refuses with `overloaded`.
  ReadPool(const Store& store, std::size_t threads = 2, std::size_t max_queued = 16'384);
  ~ReadPool();  ///< Finishes what is queued.

  /// Runs `job` on a pool thread. It must not throw; it answers by sending a message. Never blocks.
  /// Any thread.
  Result<void> post(std::function<void(const Store&)> job);
  /// Returns once nothing is queued and nothing runs: before what its jobs use is destroyed.
  void wait_until_idle();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::storage

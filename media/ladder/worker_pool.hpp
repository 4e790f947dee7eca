// Threads for work that may wait: encoding beside a server that must not.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::media {

/// Runs tasks in the order in which they came, on threads that yield to the rest of the process
/// (nice 10). Whoever posts bounds how many of its tasks wait. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  /// Finishes the tasks that run and drops those that wait.
  ~WorkerPool();

  void post(std::function<void()> task);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace troupe::media

#include "storage/read_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace troupe::storage {

struct ReadPool::Impl {
  const Store& store;
  const std::size_t max_queued;
  std::mutex mutex;
  std::condition_variable wake, idle;
  std::deque<std::function<void(const Store&)>> jobs;
  bool stopping = false;
  std::vector<std::thread> threads;
  std::size_t running = 0;

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      ++running;
      lock.unlock();
      job(store);
      job = nullptr;  // what it captured goes before the lock comes back
      lock.lock();
      if (--running == 0 && jobs.empty()) idle.notify_all();
    }
  }
};

ReadPool::ReadPool(const Store& store, std::size_t threads, std::size_t max_queued)
    : impl_(new Impl{store, max_queued, {}, {}, {}, {}, false, {}}) {
  for (std::size_t i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->run(); });
}

ReadPool::~ReadPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (auto& thread : impl_->threads) thread.join();
}

void ReadPool::wait_until_idle() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->jobs.empty() && impl_->running == 0; });
}

Result<void> ReadPool::post(std::function<void(const Store&)> job) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return error(ErrorCode::unavailable, "the read pool is stopping");
    if (impl_->jobs.size() >= impl_->max_queued)
      return error(ErrorCode::overloaded, "the read queue is full");
    impl_->jobs.push_back(std::move(job));
  }
  impl_->wake.notify_one();
  return {};
}

}  // namespace troupe::storage

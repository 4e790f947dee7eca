#include "actors/match/log_book.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "storage/writer.hpp"

namespace troupe::match {

void HeldTick::hold(SessionId session, const game::SnapshotHead& head,
                    std::shared_ptr<const std::string> delta) {
  snapshots_.push_back({session, head, std::move(delta)});
}

bool HeldTick::show() {
  if (shown_.exchange(true)) return false;
  for (auto& sent : snapshots_) output_.snapshot(sent.session, sent.head, std::move(sent.delta));
  return true;
}

struct LogBook::Impl {
  using Held = std::vector<std::shared_ptr<HeldTick>>;

  Impl(storage::Writer& writer_in, prometheus::Counter& unsafe_in)
      : writer(writer_in), unsafe_ticks(unsafe_in) {}

  static void show(const Held& all) {
    for (const auto& held : all) held->show();
  }

  void fail(const Held& all, const Error& why) const {
    // The matches go on from checkpoints, should those be written.
    unsafe_ticks.Increment(static_cast<double>(all.size()));
    spdlog::warn("{} ticks of matches are not logged: {}", all.size(), why.detail);
    show(all);
  }

  /// Under the lock, so that batches reach the writer in the order in which they were filled.
  void hand_over() {
    if (waiting.empty()) return;
    auto held = std::make_shared<const Held>(std::exchange(waiting, {}));
    auto submitted = writer.submit(std::exchange(batch, {}), [this, held](const auto& done) {
      done.ok() ? show(*held) : fail(*held, done.error());
    });
    if (!submitted.ok()) fail(*held, submitted.error());
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      wake.wait(lock, [this] { return stopping || !waiting.empty(); });
      wake.wait_for(lock, kGather, [this] { return stopping; });
      hand_over();
    }
  }

  storage::Writer& writer;
  prometheus::Counter& unsafe_ticks;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  storage::Batch batch;
  Held waiting;
  std::thread thread;
};

LogBook::LogBook(storage::Writer& writer, prometheus::Counter& unsafe_ticks)
    : impl_(std::make_unique<Impl>(writer, unsafe_ticks)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

LogBook::~LogBook() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
  impl_->writer.flush();  // nothing of it calls back any more
}

void LogBook::append(std::string key, std::string record, std::shared_ptr<HeldTick> held) {
  const std::lock_guard lock(impl_->mutex);
  impl_->batch.put(storage::Family::match, key, record);
  impl_->waiting.push_back(std::move(held));
  if (impl_->waiting.size() == 1) impl_->wake.notify_one();
}

void LogBook::flush() {
  const std::lock_guard lock(impl_->mutex);
  impl_->hand_over();
}

}  // namespace troupe::match

#include "actors/match/log_book.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "storage/writer.hpp"

namespace troupe::match {

struct LogBook::Impl {
  struct Waiting {
    caf::actor_addr match;
    std::uint32_t tick = 0;
  };

  explicit Impl(storage::Writer& writer_in) : writer(writer_in) {}

  static void tell(const std::vector<Waiting>& all, bool written) {
    for (const auto& one : all) {
      if (const auto match = caf::actor_cast<caf::actor>(one.match))
        caf::anon_send(match, safe_atom::value, one.tick, written);
    }
  }

  /// Under the lock, so that batches reach the writer in the order in which they were filled.
  void hand_over() {
    if (waiting.empty()) return;
    auto told = std::make_shared<const std::vector<Waiting>>(std::exchange(waiting, {}));
    auto submitted = writer.submit(std::exchange(batch, {}),
                                   [told](const auto& done) { tell(*told, done.ok()); });
    if (!submitted.ok()) tell(*told, false);
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
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  storage::Batch batch;
  std::vector<Waiting> waiting;
  std::thread thread;
};

LogBook::LogBook(storage::Writer& writer) : impl_(std::make_unique<Impl>(writer)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

LogBook::~LogBook() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

void LogBook::append(std::string key, std::string record, const caf::actor& match,
                     std::uint32_t tick) {
  const std::lock_guard lock(impl_->mutex);
  impl_->batch.put(storage::Family::match, key, record);
  impl_->waiting.push_back({caf::actor_cast<caf::actor_addr>(match), tick});
  if (impl_->waiting.size() == 1) impl_->wake.notify_one();
}

void LogBook::flush() {
  const std::lock_guard lock(impl_->mutex);
  impl_->hand_over();
}

}  // namespace troupe::match

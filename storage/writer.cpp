#include "storage/writer.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <rocksdb/db.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "storage/batch_impl.hpp"
#include "storage/journal.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"

namespace troupe::storage {
namespace {

struct Pending {
  Batch batch;
  Writer::Done done;
};

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

}  // namespace

struct Writer::Impl {
  Impl(Store& store_in, Metrics& metrics, WriterOptions options_in)
      : store(store_in),
        options(options_in),
        batches_total(metrics.counter("troupe_storage_batches_total", "Batches acknowledged")),
        failed_total(metrics.counter("troupe_storage_batches_failed_total",
                                     "Batches that could not be made durable")),
        refused_total(metrics.counter("troupe_storage_batches_refused_total",
                                      "Batches refused, the queue was full")),
        groups_total(metrics.counter("troupe_storage_groups_total", "WAL syncs")),
        queued(metrics.gauge("troupe_storage_queued_batches", "Batches that wait for a group")),
        commit_seconds(metrics.histogram("troupe_storage_commit_seconds",
                                         "Time to write and sync one group", latency_buckets())) {
    const auto end = journal_end(store);
    if (!end.ok()) {
      failed = error(end.code(), "the journal cannot be read: " + end.error().detail);
      return;
    }
    next_offset = *end;
  }

  void run();
  std::vector<Pending> take_group(std::unique_lock<std::mutex>& lock);
  void commit(std::vector<Pending>& group);
  std::uint64_t collect(Batch::Impl& batch, std::uint64_t offset, std::uint64_t now_ms,
                        rocksdb::WriteBatch& out) const;
  Result<void> write(std::vector<Pending>& group, std::vector<std::uint64_t>& first_offsets);
  void wake_consumers();

  Store& store;
  const WriterOptions options;
  prometheus::Counter& batches_total;
  prometheus::Counter& failed_total;
  prometheus::Counter& refused_total;
  prometheus::Counter& groups_total;
  prometheus::Gauge& queued;
  prometheus::Histogram& commit_seconds;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable settled;
  std::deque<Pending> queue;
  std::size_t queue_bytes = 0;
  std::uint64_t submitted = 0;
  std::uint64_t acknowledged = 0;
  bool stopping = false;
  /// Set by an unreadable journal at the start or by the first failed write or sync: what is on
  /// disk is then unknown, so nothing more is acknowledged until the process restarts and recovers
  /// (as PostgreSQL does after a failed fsync).
  std::optional<Error> failed;

  std::mutex consumers_mutex;
  std::map<std::uint64_t, std::function<void(std::uint64_t)>> consumers;
  std::uint64_t next_token = 1;

  std::uint64_t next_offset = 1;  // writer thread only
  std::thread thread;
};

std::vector<Pending> Writer::Impl::take_group(std::unique_lock<std::mutex>&) {
  std::vector<Pending> group;
  std::size_t bytes = 0;
  while (!queue.empty() && group.size() < options.max_group_batches) {
    const auto size = queue.front().batch.bytes();
    if (!group.empty() && bytes + size > options.max_group_bytes) break;
    bytes += size;
    queue_bytes -= size;
    group.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  queued.Set(static_cast<double>(queue.size()));
  return group;
}

/// Adds `batch` to `out`, its events from `offset` on; returns the offset after them.
std::uint64_t Writer::Impl::collect(Batch::Impl& batch, std::uint64_t offset, std::uint64_t now_ms,
                                    rocksdb::WriteBatch& out) const {
  for (const auto& op : batch.operations) {
    auto* family = store.handle(op.family);
    switch (op.kind) {
      case Batch::Impl::Kind::put:
        out.Put(family, op.key, op.value);
        break;
      case Batch::Impl::Kind::erase:
        out.Delete(family, op.key);
        break;
      case Batch::Impl::Kind::erase_range:
        out.DeleteRange(family, op.key, op.value);
        break;
    }
  }
  auto* journal = store.handle(Family::journal);
  for (const auto& event : batch.events)
    out.Put(journal, journal_key(offset++), encode_event(event, now_ms));
  return offset;
}

/// The whole group is one record of the log, synced before readers see any of it: a failed sync
/// leaves nothing visible that is not durable.
Result<void> Writer::Impl::write(std::vector<Pending>& group,
                                 std::vector<std::uint64_t>& first_offsets) {
  std::size_t bytes = 0;
  for (auto& pending : group) {
    const auto& batch = pending.batch.impl();
    bytes += batch.bytes + 64 * (batch.operations.size() + batch.events.size());
  }
  rocksdb::WriteBatch out(bytes);
  const auto now = unix_ms();
  auto offset = next_offset;
  for (std::size_t i = 0; i < group.size(); ++i) {
    auto& batch = group[i].batch.impl();
    if (!batch.events.empty()) first_offsets[i] = offset;
    offset = collect(batch, offset, now, out);
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = store.db().Write(synced, &out);
  if (!status.ok())
    return error(ErrorCode::io, "writes cannot be made durable: " + status.ToString());
  next_offset = offset;
  return {};
}

void Writer::Impl::commit(std::vector<Pending>& group) {
  const auto started = std::chrono::steady_clock::now();
  std::vector<std::uint64_t> first_offsets(group.size(), 0);
  const auto before = next_offset;
  if (!failed) {
    if (auto written = write(group, first_offsets); !written.ok()) {
      spdlog::critical("storage: {}", written.error().detail);
      const std::lock_guard lock(mutex);
      failed = written.error();
    }
  }
  commit_seconds.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  groups_total.Increment();
  (failed ? failed_total : batches_total).Increment(static_cast<double>(group.size()));
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].done) {
      group[i].done(failed ? Result<Committed>(*failed)
                           : Result<Committed>(Committed{first_offsets[i]}));
    }
  }
  if (!failed && next_offset != before) wake_consumers();
}

void Writer::Impl::wake_consumers() {
  const std::lock_guard lock(consumers_mutex);
  for (const auto& [token, consumer] : consumers) consumer(next_offset);
}

void Writer::Impl::run() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    auto group = take_group(lock);
    lock.unlock();
    commit(group);
    const auto count = group.size();
    group.clear();
    lock.lock();
    acknowledged += count;
    settled.notify_all();
  }
}

Writer::Writer(Store& store, Metrics& metrics, WriterOptions options)
    : impl_(std::make_unique<Impl>(store, metrics, options)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<Writer>> Writer::open(Store& store, Metrics& metrics,
                                             WriterOptions options) {
  auto writer = std::make_unique<Writer>(store, metrics, options);
  if (writer->impl_->failed) return *writer->impl_->failed;
  return writer;
}

Writer::~Writer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

Result<void> Writer::submit(Batch batch, Done done) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return error(ErrorCode::unavailable, "the writer is stopping");
    if (impl_->failed) return *impl_->failed;
    if (impl_->queue.size() >= impl_->options.max_queued_batches ||
        (!impl_->queue.empty() &&
         impl_->queue_bytes + batch.bytes() > impl_->options.max_queued_bytes)) {
      impl_->refused_total.Increment();
      return error(ErrorCode::overloaded, "the write queue is full");
    }
    impl_->queue_bytes += batch.bytes();
    impl_->queue.push_back({std::move(batch), std::move(done)});
    ++impl_->submitted;
  }
  impl_->wake.notify_one();
  return {};
}

void Writer::flush() {
  std::unique_lock lock(impl_->mutex);
  const auto target = impl_->submitted;
  impl_->settled.wait(lock, [&] { return impl_->acknowledged >= target; });
}

std::uint64_t Writer::on_appended(std::function<void(std::uint64_t)> wake) {
  const std::lock_guard lock(impl_->consumers_mutex);
  impl_->consumers[impl_->next_token] = std::move(wake);
  return impl_->next_token++;
}

void Writer::unsubscribe(std::uint64_t token) {
  const std::lock_guard lock(impl_->consumers_mutex);
  impl_->consumers.erase(token);
}

}  // namespace troupe::storage

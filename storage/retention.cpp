#include "storage/retention.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "storage/journal.hpp"
#include "storage/records.hpp"
#include "storage/store.hpp"
#include "storage/writer.hpp"

namespace troupe::storage {
namespace {

/// Between two rounds of a backlog: leaves the disk to others.
constexpr std::chrono::milliseconds kBacklogPause{200};

std::uint64_t unix_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// The lowest offset that some consumer still has to read.
Result<std::uint64_t> lowest_cursor(const Store& store, const RetentionOptions& options) {
  auto lowest = UINT64_MAX;
  bool bad = false;
  auto scanned = store.scan(Family::cursors, {}, {}, SIZE_MAX, [&](auto, std::string_view value) {
    const auto next = decode_cursor(value);
    bad = bad || !next;
    lowest = std::min(lowest, next.value_or(0));
    return true;
  });
  if (!scanned.ok()) return scanned.error();
  if (bad) return error(ErrorCode::corrupt, "a cursor does not verify");
  for (const auto& consumer : options.consumers) {
    const auto at = cursor(store, consumer);
    if (!at.ok()) return at.error();
    lowest = std::min(lowest, *at);
  }
  return lowest;
}

}  // namespace

Result<JournalTrim> plan_trim(const Store& store, const RetentionOptions& options,
                              std::uint64_t now_ms) {
  const auto begin = journal_begin(store);
  if (!begin.ok()) return begin.error();
  const auto lowest = lowest_cursor(store, options);
  if (!lowest.ok()) return lowest.error();
  const auto age = static_cast<std::uint64_t>(options.journal_age.count());
  const auto newest = now_ms > age ? now_ms - age : 0;
  JournalTrim trim{*begin, *begin, false};
  bool bad = false;
  auto scanned = store.scan(Family::journal, journal_key(*begin), {}, options.max_events,
                            [&](std::string_view key, std::string_view value) {
                              const auto offset = journal_offset(key);
                              const auto event =
                                  offset ? decode_event(*offset, value) : std::nullopt;
                              bad = !event;
                              if (bad || *offset >= *lowest || event->time_ms >= newest)
                                return false;
                              trim.end = *offset + 1;
                              return true;
                            });
  if (!scanned.ok()) return scanned.error();
  if (bad) {
    return error(ErrorCode::corrupt,
                 "the journal's entry " + std::to_string(trim.end) + " does not verify");
  }
  trim.more = trim.end - trim.begin >= options.max_events;
  return trim;
}

Batch trim_batch(const JournalTrim& trim) {
  Batch batch;
  batch.put(Family::meta, kJournalBeginKey, encode_meta(trim.end));
  batch.erase_range(Family::journal, journal_key(trim.begin), journal_key(trim.end));
  return batch;
}

struct Retention::Impl {
  const Store& store;
  Writer& writer;
  const RetentionOptions options;
  prometheus::Counter& trimmed_total;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;

  /// True when the next round may follow at once.
  bool round() {
    const auto trim = plan_trim(store, options, unix_ms());
    if (!trim.ok()) {
      spdlog::error("storage: the journal is not trimmed: {}", trim.error().detail);
      return false;
    }
    if (trim->begin == trim->end) return false;
    std::promise<bool> settled;
    auto submitted = writer.submit(
        trim_batch(*trim), [&](const Result<Committed>& done) { settled.set_value(done.ok()); });
    if (!submitted.ok() || !settled.get_future().get()) return false;
    trimmed_total.Increment(static_cast<double>(trim->end - trim->begin));
    return trim->more;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      const bool more = round();
      lock.lock();
      wake.wait_for(lock, more ? std::min(kBacklogPause, options.every) : options.every,
                    [this] { return stopping; });
    }
  }
};

Retention::Retention(const Store& store, Writer& writer, Metrics& metrics, RetentionOptions options)
    : impl_(new Impl{
          store,
          writer,
          std::move(options),
          metrics.counter("troupe_storage_journal_trimmed_total", "Journal events trimmed"),
          {},
          {},
          false,
          {}}) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Retention::~Retention() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

}  // namespace troupe::storage

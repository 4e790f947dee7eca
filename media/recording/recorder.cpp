#include "media/recording/recorder.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include <prometheus/counter.h>

#include "base/metrics.hpp"
#include "media/recording/recording_writer.hpp"

namespace troupe::media {
namespace {

/// What does not count in bytes may wait in such a number.
constexpr std::size_t kMaxQueuedSmall = 16'384;

struct Queued {
  std::size_t bytes = 0;
  std::function<void(RecordingWriter&)> run;
};

}  // namespace

struct Recorder::Impl {
  Impl(RecorderOptions given, Metrics& metrics)
      : max_queued_bytes(given.max_queued_bytes),
        sweep_every(given.sweep_every),
        writer(std::move(given), metrics),
        dropped_total(metrics.counter("troupe_live_record_dropped_total",
                                      "Chunks not recorded: the queue was full")) {}

  void run();
  /// What is of no great size: refused only when very much waits.
  void push_small(Queued next) {
    {
      const std::lock_guard lock(mutex);
      if (queue.size() >= kMaxQueuedSmall || queued_bytes + next.bytes > max_queued_bytes) return;
      queued_bytes += next.bytes;
      queue.push_back(std::move(next));
    }
    wake.notify_one();
  }

  const std::size_t max_queued_bytes;
  const std::chrono::milliseconds sweep_every;
  RecordingWriter writer;
  prometheus::Counter& dropped_total;

  std::mutex mutex;  ///< the queue
  std::condition_variable wake, idle;
  std::deque<Queued> queue;
  std::size_t queued_bytes = 0;
  std::map<std::string, bool> skipping;  ///< sessions that lost chunks: until the next key frame
  bool busy = false, stopping = false;
  std::thread thread;
};

void Recorder::Impl::run() {
  auto next_sweep = std::chrono::steady_clock::now() + sweep_every;
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait_until(lock, next_sweep, [this] { return stopping || !queue.empty(); });
    if (stopping && queue.empty()) return;
    std::deque<Queued> batch;
    batch.swap(queue);
    queued_bytes = 0;
    busy = true;
    lock.unlock();
    for (const auto& next : batch) next.run(writer);
    if (std::chrono::steady_clock::now() >= next_sweep) {
      writer.sweep();
      next_sweep = std::chrono::steady_clock::now() + sweep_every;
    }
    batch.clear();
    lock.lock();
    busy = false;
    idle.notify_all();
  }
}

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options, Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), metrics);
  if (auto loaded = impl->writer.load(); !loaded.ok()) return loaded.error();
  return std::unique_ptr<Recorder>(new Recorder(std::move(impl)));
}

Recorder::~Recorder() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

void Recorder::push(const std::string& session, std::uint64_t epoch,
                    std::shared_ptr<const std::vector<Track>> tracks, ChunkPtr chunk, Keep keep) {
  if (!RecordingFiles::is_name(session)) return;
  {
    const std::lock_guard lock(impl_->mutex);
    auto skipping = impl_->skipping.find(session);
    const bool video = std::ranges::any_of(*tracks, [&](const Track& t) {
      return t.id == chunk->track && t.kind == TrackKind::video;
    });
    const bool has_video =
        std::ranges::any_of(*tracks, [](const Track& t) { return t.kind == TrackKind::video; });
    const bool full = impl_->queued_bytes + chunk->bytes->size() > impl_->max_queued_bytes;
    const bool resumes =
        skipping != impl_->skipping.end() && (video || !has_video) && chunk->key && !full;
    if (resumes) impl_->skipping.erase(skipping);
    if (full || (skipping != impl_->skipping.end() && !resumes)) {
      impl_->skipping[session] = true;
      impl_->dropped_total.Increment();
      return;
    }
    const auto bytes = chunk->bytes->size();
    impl_->queued_bytes += bytes;
    impl_->queue.push_back({bytes, [session, epoch, tracks = std::move(tracks),
                                    chunk = std::move(chunk), keep](RecordingWriter& writer) {
                              writer.chunk(session, epoch, *tracks, *chunk, keep);
                            }});
  }
  impl_->wake.notify_one();
}

void Recorder::push_thumbnail(const std::string& session, std::uint64_t epoch,
                              Thumbnail thumbnail) {
  const auto bytes = thumbnail.jpeg->size();
  impl_->push_small(
      {bytes, [=](RecordingWriter& writer) { writer.thumbnail(session, epoch, thumbnail); }});
}

void Recorder::push_caption(const std::string& session, std::uint64_t epoch, std::int64_t start_us,
                            std::string text) {
  const auto bytes = text.size();
  impl_->push_small({bytes, [=, text = std::move(text)](RecordingWriter& writer) {
                       writer.caption(session, epoch, start_us, text);
                     }});
}

void Recorder::finish(const std::string& session) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->skipping.erase(session);
    impl_->queue.push_back({0, [session](RecordingWriter& writer) { writer.finish(session); }});
  }
  impl_->wake.notify_one();
}

void Recorder::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->queue.empty() && !impl_->busy; });
}

Recording Recorder::find(const std::string& session) const {
  return impl_->writer.find(session);
}

Recorder::Snapshot Recorder::snapshot(const std::string& session) {
  std::promise<void> reached;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->queue.push_back({0, [&reached](RecordingWriter&) { reached.set_value(); }});
  }
  impl_->wake.notify_one();
  reached.get_future().wait();
  return impl_->writer.snapshot(session);
}

void Recorder::hold(const std::string& session) {
  impl_->writer.hold(session);
}
void Recorder::release(const std::string& session) {
  impl_->writer.release(session);
}
std::vector<RecordedThumbnail> Recorder::thumbnails(const std::string& session) const {
  return impl_->writer.snapshot(session).thumbnails;
}
const RecordingFiles& Recorder::files() const noexcept {
  return impl_->writer.files();
}
std::vector<std::string> Recorder::whole_sessions() const {
  return impl_->writer.whole_sessions();
}

Result<std::string> Recorder::read_init(const std::string& session, TrackKind kind,
                                        std::uint64_t epoch) const {
  if (!RecordingFiles::is_name(session)) return error(ErrorCode::not_found, "no such recording");
  return RecordingFiles::read(impl_->writer.files().init(session, epoch, kind));
}

Result<std::string> Recorder::read_segment(const std::string& session, TrackKind kind,
                                           std::uint64_t epoch, std::uint64_t number) const {
  const auto segment = impl_->writer.segment(session, kind, epoch, number);
  if (!segment) return error(ErrorCode::not_found, "not in the recording, or not any more");
  return RecordingFiles::read(impl_->writer.files().segment(session, kind, *segment),
                              segment->bytes);
}

}  // namespace troupe::media

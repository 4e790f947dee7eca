#include "media/recording/recorder.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::media {
namespace {

using Clock = std::chrono::system_clock;

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

struct Queued {
  std::string session;
  std::uint64_t epoch = 0;
  std::shared_ptr<const std::vector<Track>> tracks;
  ChunkPtr chunk;
};

/// The file of a track that is being written.
struct OpenSegment {
  std::ofstream data, index;
};

struct Session {
  Recording recording;
  std::uint64_t epoch = 0;                ///< being written; 0: none
  std::map<TrackKind, OpenSegment> open;  ///< writer thread only
  std::int64_t written_us = 0;            ///< Unix time of the last chunk
};

}  // namespace

struct Recorder::Impl {
  Impl(RecorderOptions given, Metrics& metrics)
      : options(std::move(given)),
        files(options.directory),
        bytes_total(metrics.counter("troupe_live_recorded_bytes_total", "Bytes recorded")),
        dropped_total(metrics.counter("troupe_live_record_dropped_total",
                                      "Chunks not recorded: the queue was full")),
        errors_total(metrics.counter("troupe_live_record_errors_total",
                                     "Chunks not recorded: the disk refused")),
        disk_bytes(metrics.gauge("troupe_live_recording_bytes", "Recordings on disk")) {}

  void run();
  void write(const Queued& next);
  Result<void> append(Session& session, const Queued& next, const Track& track);
  void open_segment(Session& session, const Queued& next, TrackKind kind);
  void trim(const std::string& id, Session& session);
  void sweep();

  const RecorderOptions options;
  const RecordingFiles files;
  prometheus::Counter &bytes_total, &dropped_total, &errors_total;
  prometheus::Gauge& disk_bytes;

  std::mutex mutex;  ///< the queue
  std::condition_variable wake, idle;
  std::deque<Queued> queue;
  std::size_t queued_bytes = 0;
  std::map<std::string, bool> skipping;  ///< sessions that lost chunks: until the next key frame
  bool busy = false, stopping = false;

  mutable std::mutex sessions_mutex;  ///< `recording` and `written_us` of sessions
  std::map<std::string, Session> sessions;
  std::thread thread;
};

void Recorder::Impl::run() {
  auto next_sweep = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait_for(lock, options.sweep_every, [this] { return stopping || !queue.empty(); });
    if (stopping && queue.empty()) return;
    std::deque<Queued> batch;
    batch.swap(queue);
    queued_bytes = 0;
    busy = true;
    lock.unlock();
    for (const auto& next : batch) write(next);
    if (std::chrono::steady_clock::now() >= next_sweep) {
      sweep();
      next_sweep = std::chrono::steady_clock::now() + options.sweep_every;
    }
    batch.clear();
    lock.lock();
    busy = false;
    idle.notify_all();
  }
}

void Recorder::Impl::write(const Queued& next) {
  const auto track = std::ranges::find(*next.tracks, next.chunk->track, &Track::id);
  if (track == next.tracks->end()) return;
  Session* session = nullptr;
  {
    const std::lock_guard lock(sessions_mutex);
    session = &sessions[next.session];  // only this thread erases them
  }
  auto done = append(*session, next, *track);
  if (!done.ok()) {
    errors_total.Increment();
    spdlog::error("recording of {}: {}", next.session, done.error().detail);
    session->open.clear();
    return;
  }
  bytes_total.Increment(static_cast<double>(next.chunk->bytes->size()));
  trim(next.session, *session);
}

void Recorder::Impl::open_segment(Session& session, const Queued& next, TrackKind kind) {
  const std::lock_guard lock(sessions_mutex);
  auto& segments = session.recording[kind].segments;
  RecordedSegment segment;
  segment.epoch = next.epoch;
  segment.start_us = next.chunk->start_us;
  if (!segments.empty() && segments.back().epoch == next.epoch)
    segment.number = segments.back().number + 1;
  segments.push_back(segment);
  const auto file = files.segment(next.session, kind, segment);
  auto& open = session.open[kind];
  open.data = std::ofstream(file, std::ios::binary | std::ios::trunc);
  open.index = std::ofstream(RecordingFiles::index_of(file), std::ios::trunc);
}

Result<void> Recorder::Impl::append(Session& session, const Queued& next, const Track& track) {
  const auto& chunk = *next.chunk;
  if (session.epoch != next.epoch) {
    session.open.clear();
    if (auto begun = files.begin(next.session, next.epoch, *next.tracks); !begun.ok()) return begun;
    session.epoch = next.epoch;
    const std::lock_guard lock(sessions_mutex);
    for (const auto& one : *next.tracks) session.recording[one.kind].track = one;
  }
  const auto kind = track.kind;
  auto open = session.open.find(kind);
  if (open != session.open.end()) {
    const auto& segments = session.recording[kind].segments;
    const bool due = segments.empty() || segments.back().duration_us >= options.segment_us;
    if (due && chunk.key) open = session.open.end();
  }
  if (open == session.open.end()) {
    open_segment(session, next, kind);
    open = session.open.find(kind);
  }
  // The chunk first, then the line that vouches for it.
  auto& [data, index] = open->second;
  data.write(chunk.bytes->data(), static_cast<std::streamsize>(chunk.bytes->size())).flush();
  index << chunk.start_us << ' ' << chunk.duration_us << ' ' << chunk.bytes->size() << '\n';
  index.flush();
  if (!data || !index) return error(ErrorCode::io, "the disk refuses to record");
  const std::lock_guard lock(sessions_mutex);
  auto& segment = session.recording[kind].segments.back();
  segment.duration_us = chunk.start_us + chunk.duration_us - segment.start_us;
  segment.bytes += chunk.bytes->size();
  session.written_us = unix_us();
  return {};
}

/// Drops what lies before the window, whole segments at a time.
void Recorder::Impl::trim(const std::string& id, Session& session) {
  std::vector<std::pair<TrackKind, RecordedSegment>> gone;
  std::vector<std::uint64_t> epochs;
  {
    const std::lock_guard lock(sessions_mutex);
    std::uint64_t oldest = session.epoch;
    for (auto& [kind, track] : session.recording) {
      auto length_us = track.duration_us();
      while (track.segments.size() > 1 &&
             length_us - track.segments.front().duration_us >= options.window_us) {
        length_us -= track.segments.front().duration_us;
        gone.emplace_back(kind, track.segments.front());
        track.segments.erase(track.segments.begin());
      }
      if (!track.segments.empty()) oldest = std::min(oldest, track.segments.front().epoch);
    }
    for (const auto& [kind, segment] : gone)
      if (segment.epoch < oldest) epochs.push_back(segment.epoch);
  }
  for (const auto& [kind, segment] : gone) files.erase(id, kind, segment);
  for (const auto epoch : epochs) files.erase(id, epoch);
}

/// Forgets sessions whose time is over, and the oldest ones while all together are too much.
void Recorder::Impl::sweep() {
  struct Row {
    std::int64_t written_us;
    std::uint64_t bytes;
    std::string id;
  };
  std::vector<Row> rows;
  std::uint64_t total = 0;
  {
    const std::lock_guard lock(sessions_mutex);
    for (const auto& [id, session] : sessions) {
      std::uint64_t bytes = 0;
      for (const auto& [kind, track] : session.recording) bytes += track.bytes();
      rows.push_back({session.written_us, bytes, id});
      total += bytes;
    }
  }
  std::ranges::sort(rows, {}, &Row::written_us);
  const auto over_us =
      unix_us() - std::chrono::duration_cast<std::chrono::microseconds>(options.keep).count();
  for (const auto& row : rows) {
    if (row.written_us >= over_us && total <= options.max_disk_bytes) continue;
    total -= row.bytes;
    {
      const std::lock_guard lock(sessions_mutex);
      sessions.erase(row.id);
    }
    files.erase(row.id);
    spdlog::info("recording of {} removed: {}", row.id,
                 row.written_us < over_us ? "its time is over" : "the disk's share is used up");
  }
  disk_bytes.Set(static_cast<double>(total));
}

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Result<std::unique_ptr<Recorder>> Recorder::open(RecorderOptions options, Metrics& metrics) {
  std::error_code ec;
  std::filesystem::create_directories(options.directory, ec);
  if (ec) return error(ErrorCode::io, options.directory.string() + ": " + ec.message());
  auto impl = std::make_unique<Impl>(std::move(options), metrics);
  for (const auto& id : impl->files.sessions()) {
    auto& session = impl->sessions[id];
    session.recording = impl->files.load(id);
    for (const auto& [kind, track] : session.recording) {
      if (track.segments.empty()) continue;
      const auto& last = track.segments.back();
      session.written_us = std::max(session.written_us, static_cast<std::int64_t>(last.epoch) +
                                                            last.start_us + last.duration_us);
    }
  }
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
                    std::shared_ptr<const std::vector<Track>> tracks, ChunkPtr chunk) {
  if (!RecordingFiles::is_name(session)) return;
  {
    const std::lock_guard lock(impl_->mutex);
    auto skipping = impl_->skipping.find(session);
    const bool video = std::ranges::any_of(*tracks, [&](const Track& t) {
      return t.id == chunk->track && t.kind == TrackKind::video;
    });
    const bool has_video =
        std::ranges::any_of(*tracks, [](const Track& t) { return t.kind == TrackKind::video; });
    const bool full = impl_->queued_bytes + chunk->bytes->size() > impl_->options.max_queued_bytes;
    const bool resumes =
        skipping != impl_->skipping.end() && (video || !has_video) && chunk->key && !full;
    if (resumes) impl_->skipping.erase(skipping);
    if (full || (skipping != impl_->skipping.end() && !resumes)) {
      impl_->skipping[session] = true;
      impl_->dropped_total.Increment();
      return;
    }
    impl_->queued_bytes += chunk->bytes->size();
    impl_->queue.push_back({session, epoch, std::move(tracks), std::move(chunk)});
  }
  impl_->wake.notify_one();
}

void Recorder::flush() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->queue.empty() && !impl_->busy; });
}

Recording Recorder::find(const std::string& session) const {
  const std::lock_guard lock(impl_->sessions_mutex);
  const auto found = impl_->sessions.find(session);
  if (found == impl_->sessions.end()) return {};
  auto recording = found->second.recording;
  for (auto& [kind, track] : recording)
    std::erase_if(track.segments, [](const RecordedSegment& s) { return s.bytes == 0; });
  std::erase_if(recording, [](const auto& one) { return one.second.segments.empty(); });
  return recording;
}

Result<std::string> Recorder::read_init(const std::string& session, TrackKind kind,
                                        std::uint64_t epoch) const {
  if (!RecordingFiles::is_name(session)) return error(ErrorCode::not_found, "no such recording");
  return RecordingFiles::read(impl_->files.init(session, epoch, kind));
}

Result<std::string> Recorder::read_segment(const std::string& session, TrackKind kind,
                                           std::uint64_t epoch, std::uint64_t number) const {
  const auto recording = find(session);
  const auto track = recording.find(kind);
  if (track != recording.end()) {
    for (const auto& segment : track->second.segments) {
      if (segment.epoch == epoch && segment.number == number)
        return RecordingFiles::read(impl_->files.segment(session, kind, segment), segment.bytes);
    }
  }
  return error(ErrorCode::not_found, "not in the recording, or not any more");
}

}  // namespace troupe::media

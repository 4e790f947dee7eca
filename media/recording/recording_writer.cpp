#include "media/recording/recording_writer.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "base/metrics.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;

/// Of one publication: some days of talk.
constexpr std::uint64_t kMaxCaptionBytes = 8U << 20;

/// Where no key frame comes, a file ends without one after so many times its aimed length.
constexpr std::int64_t kLongest = 4;

/// Whether a recording with a hole may go on with this chunk.
bool resumes(const std::vector<Track>& tracks, const Track& track, const Chunk& chunk) {
  const bool pictures =
      std::ranges::any_of(tracks, [](const Track& one) { return one.kind == TrackKind::video; });
  return chunk.key && (track.kind == TrackKind::video || !pictures);
}

/// Whether chunks of the publication went by that were not to be recorded.
bool follows_hole(const RecordedTrack& track, std::uint64_t epoch, const Chunk& chunk) {
  if (track.segments.empty() || track.segments.back().epoch != epoch) return false;
  const auto& last = track.segments.back();
  return chunk.start_us > last.start_us + last.duration_us + chunk.duration_us / 2;
}

}  // namespace

std::int64_t unix_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

RecordingWriter::RecordingWriter(RecorderOptions options, Metrics& metrics)
    : options_(std::move(options)),
      files_(options_.directory),
      bytes_total_(metrics.counter("troupe_live_recorded_bytes_total", "Bytes recorded")),
      errors_total_(metrics.counter("troupe_live_record_errors_total",
                                    "Chunks not recorded: the disk refused")),
      trimmed_total_(metrics.counter(
          "troupe_live_record_trimmed_bytes_total",
          "Bytes of recordings meant to be whole that went: a bound on disk was reached")),
      disk_bytes_(metrics.gauge("troupe_live_recording_bytes", "Recordings on disk")) {}

Result<void> RecordingWriter::load() {
  std::error_code ec;
  fs::create_directories(options_.directory, ec);
  if (ec) return error(ErrorCode::io, options_.directory.string() + ": " + ec.message());
  for (const auto& id : files_.sessions()) {
    auto& session = sessions_[id];
    session.recording = files_.load(id);
    session.thumbnails = files_.load_thumbnails(id);
    session.bytes = bytes_of(session.recording);
    for (const auto& thumbnail : session.thumbnails) session.bytes += thumbnail.bytes;
    session.keep = fs::exists(files_.folder(id) / "whole", ec) ? Keep::whole : Keep::window;
    session.trimmed = fs::exists(files_.folder(id) / "trimmed", ec);
    for (const auto& [kind, track] : session.recording)
      if (!track.segments.empty())
        session.written_us = std::max(session.written_us, end_us(track.segments.back()));
  }
  return {};
}

void RecordingWriter::chunk(const std::string& id, std::uint64_t epoch,
                            const std::vector<Track>& tracks, const Chunk& chunk, Keep keep) {
  const auto track = std::ranges::find(tracks, chunk.track, &Track::id);
  if (track == tracks.end()) return;
  Session* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    session = &sessions_[id];  // only this thread erases them
  }
  auto done = append(id, *session, epoch, tracks, *track, chunk);
  if (!done.ok()) {
    errors_total_.Increment();
    if (!session->failing) spdlog::error("recording of {}: {}", id, done.error().detail);
    give_up(id, *session);
    return;
  }
  if (session->keep != keep) mark(id, *session, keep);
  bytes_total_.Increment(static_cast<double>(chunk.bytes->size()));
}

Result<void> RecordingWriter::append(const std::string& id, Session& session, std::uint64_t epoch,
                                     const std::vector<Track>& tracks, const Track& track,
                                     const Chunk& chunk) {
  if (session.epoch != epoch) {
    session.open.clear();
    if (auto begun = files_.begin(id, epoch, tracks); !begun.ok()) return begun;
    session.epoch = epoch;
    session.caption_bytes = 0;
    const std::lock_guard lock(mutex_);
    for (const auto& one : tracks) session.recording[one.kind].track = one;
  }
  if (session.failing && !resumes(tracks, track, chunk)) return {};
  session.failing = false;
  const auto kind = track.kind;
  auto open = session.open.find(kind);
  if (open == session.open.end() && !chunk.key &&
      follows_hole(session.recording[kind], epoch, chunk))
    return {};
  if (open != session.open.end()) {
    const auto& segments = session.recording[kind].segments;
    if (segments.empty() || ends_before(segments.back(), chunk)) open = session.open.end();
  }
  if (open == session.open.end()) {
    trim(id, session);
    open_segment(id, session, kind, chunk);
    open = session.open.find(kind);
  }
  // The chunk first, then the line that vouches for it.
  auto& [data, index] = open->second;
  data.write(chunk.bytes->data(), static_cast<std::streamsize>(chunk.bytes->size())).flush();
  index << chunk.start_us << ' ' << chunk.duration_us << ' ' << chunk.bytes->size();
  if (!chunk.key && session.recording[kind].segments.back().bytes == 0) index << ' ' << kBetween;
  index << '\n';
  index.flush();
  if (!data || !index) return error(ErrorCode::io, "the disk refuses to record");
  const std::lock_guard lock(mutex_);
  auto& segment = session.recording[kind].segments.back();
  segment.duration_us = chunk.start_us + chunk.duration_us - segment.start_us;
  segment.bytes += chunk.bytes->size();
  session.bytes += chunk.bytes->size();
  session.written_us = unix_us();
  return {};
}

bool RecordingWriter::ends_before(const RecordedSegment& segment, const Chunk& chunk) const {
  return segment.duration_us >= (chunk.key ? 1 : kLongest) * options_.segment_us ||
         segment.bytes + chunk.bytes->size() > kMaxSegmentBytes;
}

/// The files under way end here: what follows a hole begins with a key frame.
void RecordingWriter::give_up(const std::string& id, Session& session) {
  session.open.clear();
  session.failing = true;
  std::vector<std::pair<TrackKind, RecordedSegment>> empty;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [kind, track] : session.recording) {
      if (track.segments.empty() || track.segments.back().bytes > 0) continue;
      empty.emplace_back(kind, track.segments.back());
      track.segments.pop_back();
    }
  }
  for (const auto& [kind, segment] : empty) files_.erase(id, kind, segment);
}

void RecordingWriter::open_segment(const std::string& id, Session& session, TrackKind kind,
                                   const Chunk& chunk) {
  RecordedSegment segment;
  segment.epoch = session.epoch;
  segment.start_us = chunk.start_us;
  segment.key = chunk.key;
  {
    const std::lock_guard lock(mutex_);
    auto& segments = session.recording[kind].segments;
    if (!segments.empty() && segments.back().epoch == session.epoch)
      segment.number = segments.back().number + 1;
    segments.push_back(segment);
  }
  const auto file = files_.segment(id, kind, segment);
  auto& open = session.open[kind];
  open.data = std::ofstream(file, std::ios::binary | std::ios::trunc);
  open.index = std::ofstream(RecordingFiles::index_of(file), std::ios::trunc);
}

void RecordingWriter::thumbnail(const std::string& id, std::uint64_t epoch,
                                const Thumbnail& thumbnail) {
  Session* session = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.epoch != epoch || thumbnail.media_us < 0) return;
    session = &found->second;
    if (session->open.empty()) return;  // its chunks are not recorded
    const auto& all = session->thumbnails;
    if (!all.empty() &&
        std::pair(all.back().epoch, all.back().media_us) >= std::pair(epoch, thumbnail.media_us))
      return;
  }
  const auto file = files_.thumbnail(id, epoch, thumbnail.media_us);
  auto part = file;
  part.replace_extension(".part");
  std::error_code ec;
  if (!RecordingFiles::write(part, *thumbnail.jpeg).ok()) {
    fs::remove(part, ec);
    return;
  }
  fs::rename(part, file, ec);
  if (ec) return;
  const std::lock_guard lock(mutex_);
  session->thumbnails.push_back({epoch, thumbnail.media_us, thumbnail.jpeg->size()});
  session->bytes += thumbnail.jpeg->size();
}

void RecordingWriter::caption(const std::string& id, std::uint64_t epoch, std::int64_t start_us,
                              const std::string& text) {
  const auto found = sessions_.find(id);  // only this thread changes which there are
  if (found == sessions_.end() || found->second.epoch != epoch || found->second.open.empty())
    return;
  auto line = std::to_string(start_us) + ' ' +
              boost::json::serialize(boost::json::value(boost::json::string(text))) + '\n';
  found->second.caption_bytes += line.size();
  if (found->second.caption_bytes > kMaxCaptionBytes) return;
  std::ofstream(files_.captions(id, epoch), std::ios::app | std::ios::binary) << line;
}

void RecordingWriter::finish(const std::string& id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  found->second.open.clear();
  if (found->second.keep != Keep::whole) return;
  mark(id, found->second, Keep::window);
  const std::lock_guard lock(mutex_);
  found->second.written_us = unix_us();  // its time begins now: it may have to be handed over
}

/// The mark outlives the process: a recording that is to be whole must not go by its age.
void RecordingWriter::mark(const std::string& id, Session& session, Keep keep) {
  const auto file = files_.folder(id) / "whole";
  std::error_code ignored;
  if (keep == Keep::whole)
    static_cast<void>(RecordingFiles::write(file, ""));
  else
    fs::remove(file, ignored);
  const std::lock_guard lock(mutex_);
  session.keep = keep;
}

Recording RecordingWriter::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return {};
  auto recording = found->second.recording;
  for (auto& [kind, track] : recording)
    std::erase_if(track.segments, [](const RecordedSegment& s) { return s.bytes == 0; });
  std::erase_if(recording, [](const auto& one) { return one.second.segments.empty(); });
  return recording;
}

Recorder::Snapshot RecordingWriter::snapshot(const std::string& id) const {
  Recorder::Snapshot out{.recording = find(id), .thumbnails = {}, .complete = true};
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return out;
  out.thumbnails = found->second.thumbnails;
  out.complete = !found->second.trimmed;
  return out;
}

std::optional<RecordedSegment> RecordingWriter::segment(const std::string& id, TrackKind kind,
                                                        std::uint64_t epoch,
                                                        std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto session = sessions_.find(id);
  if (session == sessions_.end()) return std::nullopt;
  const auto track = session->second.recording.find(kind);
  if (track == session->second.recording.end()) return std::nullopt;
  const auto& segments = track->second.segments;
  const auto order = [](const RecordedSegment& s) { return std::pair(s.epoch, s.number); };
  const auto it = std::ranges::lower_bound(segments, std::pair(epoch, number), {}, order);
  if (it == segments.end() || order(*it) != std::pair(epoch, number) || it->bytes == 0)
    return std::nullopt;
  return *it;
}

void RecordingWriter::hold(const std::string& id) {
  const std::lock_guard lock(mutex_);
  ++held_[id];
}

void RecordingWriter::release(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto held = held_.find(id); held != held_.end() && --held->second == 0)
    held_.erase(held);
}

std::vector<std::string> RecordingWriter::whole_sessions() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [id, session] : sessions_)
    if (session.keep == Keep::whole) out.push_back(id);
  return out;
}

}  // namespace troupe::media

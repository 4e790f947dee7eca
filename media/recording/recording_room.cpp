// What goes of recordings: what is over, what is beyond its bound, what makes room.
#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <spdlog/spdlog.h>

#include "media/recording/recording_writer.hpp"

namespace troupe::media {
namespace {

namespace fs = std::filesystem;

/// Epoch and time of what it begins with. A track that never sent anything has no segments.
std::pair<std::uint64_t, std::int64_t> beginning(const Recording& recording) {
  for (const auto& [kind, track] : recording)  // the picture's first
    if (!track.segments.empty())
      return {track.segments.front().epoch, track.segments.front().start_us};
  return {};
}

}  // namespace

void RecordingWriter::trim(const std::string& id, Session& session) {
  Trimmed gone;
  {
    const std::lock_guard lock(mutex_);
    if (session.keep == Keep::window) gone = trim_to_window(session.recording, options_.window_us);
    if (gone.empty() && session.bytes > options_.max_session_bytes) {
      const auto beside = session.bytes - bytes_of(session.recording);
      gone = trim_to_bytes(session.recording, options_.max_session_bytes -
                                                  std::min(beside, options_.max_session_bytes));
      if (!gone.empty() && !session.trimmed)
        spdlog::warn("recording of {} is longer than its bound: its beginning goes", id);
    }
  }
  drop(id, session, gone);
}

/// Removes the files of what was taken out, and the thumbnails of that time.
void RecordingWriter::drop(const std::string& id, Session& session, const Trimmed& gone) {
  if (gone.empty()) return;
  if (session.keep == Keep::whole) trimmed_total_.Increment(static_cast<double>(gone.bytes));
  if (!session.trimmed) static_cast<void>(RecordingFiles::write(files_.folder(id) / "trimmed", ""));
  std::vector<RecordedThumbnail> pictures;
  {
    const std::lock_guard lock(mutex_);
    session.trimmed = true;
    session.bytes -= gone.bytes;
    const auto first = beginning(session.recording);
    auto& all = session.thumbnails;
    const auto end = std::ranges::find_if(all, [&](const RecordedThumbnail& one) {
      return std::pair(one.epoch, one.media_us) >= first;
    });
    pictures.assign(all.begin(), end);
    all.erase(all.begin(), end);
    for (const auto& one : pictures) session.bytes -= one.bytes;
  }
  std::error_code ignored;
  for (const auto& [kind, segment] : gone.segments) files_.erase(id, kind, segment);
  for (const auto& one : pictures)
    fs::remove(files_.thumbnail(id, one.epoch, one.media_us), ignored);
  for (const auto epoch : gone.epochs) files_.erase(id, epoch);
}

bool RecordingWriter::silent(const Session& session) const {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(options_.quiet).count();
  return session.written_us < unix_us() - us;
}

void RecordingWriter::forget(const std::string& id, const char* why) {
  {
    const std::lock_guard lock(mutex_);
    sessions_.erase(id);
  }
  files_.erase(id);
  spdlog::info("recording of {} removed: {}", id, why);
}

/// A whole recording whose session may go on: what stays says that its beginning is gone.
void RecordingWriter::hollow(const std::string& id, Session& session) {
  trimmed_total_.Increment(static_cast<double>(session.bytes));
  static_cast<void>(RecordingFiles::write(files_.folder(id) / "trimmed", ""));
  session.open.clear();
  session.epoch = 0;
  {
    const std::lock_guard lock(mutex_);
    session.trimmed = true;
    session.recording.clear();
    session.thumbnails.clear();
    session.bytes = 0;
  }
  files_.erase_publications(id);
  spdlog::warn("recording of {}, meant to be whole, emptied: the disk's share is used up", id);
}

void RecordingWriter::close_silent() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, session] : sessions_)
    if (silent(session)) session.open.clear();
}

std::uint64_t RecordingWriter::total() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [id, session] : sessions_) bytes += session.bytes;
  return bytes;
}

void RecordingWriter::make_room() {
  while (total() > options_.max_disk_bytes) {
    std::string oldest, biggest;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, session] : sessions_) {
        if (biggest.empty() || session.bytes > sessions_.at(biggest).bytes) biggest = id;
        if (!silent(session) || held_.contains(id) || session.bytes == 0) continue;
        // Those meant to be whole go last.
        const auto rank = [](const Session& s) { return std::pair(s.keep, s.written_us); };
        if (oldest.empty() || rank(session) < rank(sessions_.at(oldest))) oldest = id;
      }
    }
    if (!oldest.empty()) {
      auto& session = sessions_.at(oldest);
      if (session.keep == Keep::whole)
        hollow(oldest, session);
      else
        forget(oldest, "the disk's share is used up");
      continue;
    }
    if (biggest.empty()) return;
    auto& session = sessions_.at(biggest);
    const auto over = total() - options_.max_disk_bytes;
    Trimmed gone;
    {
      const std::lock_guard lock(mutex_);
      const auto media = bytes_of(session.recording);
      gone = trim_to_bytes(session.recording, media - std::min(over, media));
    }
    if (gone.empty()) return;  // nothing is left but what is being written
    drop(biggest, session, gone);
  }
}

void RecordingWriter::sweep() {
  close_silent();
  const auto over_us =
      unix_us() - std::chrono::duration_cast<std::chrono::microseconds>(options_.keep).count();
  std::vector<std::string> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, session] : sessions_)
      if (session.keep == Keep::window && session.written_us < over_us && !held_.contains(id))
        gone.push_back(id);
  }
  for (const auto& id : gone) forget(id, "its time is over");
  make_room();
  disk_bytes_.Set(static_cast<double>(total()));
}

}  // namespace troupe::media

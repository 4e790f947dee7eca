// The recordings that are being written and those that are kept: what the recorder's thread works
// on.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "media/recording/recorder.hpp"
#include "media/recording/trim.hpp"

namespace prometheus {
class Counter;
class Gauge;
}  // namespace prometheus

namespace troupe::media {

/// Now.
[[nodiscard]] std::int64_t unix_us();

/// What changes files is for one thread; the rest for any.
class RecordingWriter {
 public:
  RecordingWriter(RecorderOptions options, Metrics& metrics);
  /// Errors: io.
  Result<void> load();

  void chunk(const std::string& id, std::uint64_t epoch, const std::vector<Track>& tracks,
             const Chunk& chunk, Keep keep);
  void thumbnail(const std::string& id, std::uint64_t epoch, const Thumbnail& thumbnail);
  void caption(const std::string& id, std::uint64_t epoch, std::int64_t start_us,
               const std::string& text);
  void finish(const std::string& id);
  /// Closes what nobody writes, forgets sessions whose time is over, makes room.
  void sweep();

  [[nodiscard]] Recording find(const std::string& id) const;
  [[nodiscard]] Recorder::Snapshot snapshot(const std::string& id) const;
  [[nodiscard]] std::optional<RecordedSegment> segment(const std::string& id, TrackKind kind,
                                                       std::uint64_t epoch,
                                                       std::uint64_t number) const;
  void hold(const std::string& id);
  void release(const std::string& id);
  [[nodiscard]] std::vector<std::string> whole_sessions() const;
  [[nodiscard]] const RecordingFiles& files() const noexcept { return files_; }

 private:
  /// The file of a track that is being written.
  struct OpenSegment {
    std::ofstream data, index;
  };
  struct Session {
    Recording recording;
    std::vector<RecordedThumbnail> thumbnails;
    std::uint64_t bytes = 0;      ///< of both
    std::int64_t written_us = 0;  ///< Unix time of the last chunk
    Keep keep = Keep::window;
    bool trimmed = false;
    // Of the writing thread alone:
    std::uint64_t epoch = 0;  ///< being written; 0: none
    std::map<TrackKind, OpenSegment> open;
    std::uint64_t caption_bytes = 0;  ///< of this publication
    bool failing = false;             ///< the disk refused: until the next key frame
  };

  Result<void> append(const std::string& id, Session& session, std::uint64_t epoch,
                      const std::vector<Track>& tracks, const Track& track, const Chunk& chunk);
  [[nodiscard]] bool ends_before(const RecordedSegment& segment, const Chunk& chunk) const;
  void open_segment(const std::string& id, Session& session, TrackKind kind, const Chunk& chunk);
  void give_up(const std::string& id, Session& session);
  void mark(const std::string& id, Session& session, Keep keep);
  void trim(const std::string& id, Session& session);
  void drop(const std::string& id, Session& session, const Trimmed& gone);
  void hollow(const std::string& id, Session& session);
  void close_silent();
  void forget(const std::string& id, const char* why);
  [[nodiscard]] std::uint64_t total() const;
  void make_room();
  [[nodiscard]] bool silent(const Session& session) const;

  const RecorderOptions options_;
  const RecordingFiles files_;
  prometheus::Counter &bytes_total_, &errors_total_, &trimmed_total_;
  prometheus::Gauge& disk_bytes_;

  mutable std::mutex mutex_;  ///< all of a session but what is the writing thread's
  std::map<std::string, Session> sessions_;
  std::map<std::string, int> held_;
};

}  // namespace troupe::media

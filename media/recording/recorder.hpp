// The recorder: keeps the last minutes of live sessions on disk, or all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/ladder/thumbnail.hpp"
#include "media/recording/recording.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

struct RecorderOptions {
  std::filesystem::path directory;
  std::int64_t window_us = 600'000'000;  ///< of each track of each session
  /// A file ends at the first key frame after this, and without one after four times this.
  std::int64_t segment_us = 4'000'000;
  std::chrono::seconds keep{
      std::chrono::hours(24)};  ///< after a session's last chunk; then all of it goes
  /// Of all: recordings that nobody writes go, the oldest first; then the oldest of the biggest.
  std::uint64_t max_disk_bytes = std::uint64_t{10} << 30;
  std::uint64_t max_session_bytes = std::uint64_t{8} << 30;  ///< then its oldest segments go
  std::size_t max_queued_bytes = 64U << 20;
  std::chrono::milliseconds sweep_every{30'000};  ///< looks at `keep` and `max_disk_bytes`
  std::chrono::milliseconds quiet{10'000};  ///< nobody writes a session that is so long silent
};

/// How much of a session.
enum class Keep : std::uint8_t {
  window,  ///< the last `window_us`; goes `keep` after the last chunk
  whole,   ///< from the first chunk on, as far as the bounds on bytes allow; until `finish`
};

/// One thread writes for all sessions. When the disk cannot follow and the queue is full, a session
/// loses chunks up to the next key frame that finds room (counted). A chunk that was written
/// survives the death of the process, not that of the machine: nothing is synced. Thread-safe.
class Recorder {
 public:
  /// Reads what is there already. Errors: io.
  static Result<std::unique_ptr<Recorder>> open(RecorderOptions options, Metrics& metrics);
  /// Writes what is queued.
  ~Recorder();

  /// Never blocks. Ignored when `session` is no id.
  void push(const std::string& session, std::uint64_t epoch,
            std::shared_ptr<const std::vector<Track>> tracks, ChunkPtr chunk,
            Keep keep = Keep::window);
  /// Beside the chunks of a publication that is being written; else ignored. Never block.
  void push_thumbnail(const std::string& session, std::uint64_t epoch, Thumbnail thumbnail);
  void push_caption(const std::string& session, std::uint64_t epoch, std::int64_t start_us,
                    std::string text);
  /// The session is over: from here on `keep` counts for a whole recording too. Never blocks.
  void finish(const std::string& session);

  /// Waits until all that was pushed is written. For tests and shutdown.
  void flush();

  /// What is there of a session; empty: nothing.
  [[nodiscard]] Recording find(const std::string& session) const;
  /// All of it, with everything that was pushed before. Waits for the writer; its files stay until
  /// they are trimmed, which `hold` prevents only for sessions that nobody writes.
  struct Snapshot {
    Recording recording;
    std::vector<RecordedThumbnail> thumbnails;  ///< in order of time
    bool complete = true;                       ///< nothing was trimmed from its beginning
  };
  [[nodiscard]] Snapshot snapshot(const std::string& session);
  /// Between these nothing of the session goes as a whole. They count.
  void hold(const std::string& session);
  void release(const std::string& session);
  [[nodiscard]] std::vector<RecordedThumbnail> thumbnails(const std::string& session) const;
  [[nodiscard]] const RecordingFiles& files() const noexcept;
  /// Sessions that are recorded whole and not finished.
  [[nodiscard]] std::vector<std::string> whole_sessions() const;

  /// Block on the disk. Errors: not_found, io.
  [[nodiscard]] Result<std::string> read_init(const std::string& session, TrackKind kind,
                                              std::uint64_t epoch) const;
  [[nodiscard]] Result<std::string> read_segment(const std::string& session, TrackKind kind,
                                                 std::uint64_t epoch, std::uint64_t number) const;

 private:
  struct Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media

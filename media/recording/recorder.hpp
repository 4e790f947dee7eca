// The recorder: keeps the last minutes of every live session on disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/recording/recording.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

struct RecorderOptions {
  std::filesystem::path directory;
  std::int64_t window_us = 600'000'000;  ///< of each track of each session
  std::int64_t segment_us = 4'000'000;   ///< a file ends at the first key frame after this
  std::chrono::hours keep{24};           ///< after a session's last chunk; then all of it goes
  std::uint64_t max_disk_bytes = std::uint64_t{10} << 30;  ///< of all: the oldest go first
  std::size_t max_queued_bytes = 64U << 20;
  std::chrono::milliseconds sweep_every{30'000};  ///< looks at `keep` and `max_disk_bytes`
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
            std::shared_ptr<const std::vector<Track>> tracks, ChunkPtr chunk);

  /// Waits until all that was pushed is written. For tests and shutdown.
  void flush();

  /// What is there of a session; empty: nothing.
  [[nodiscard]] Recording find(const std::string& session) const;
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

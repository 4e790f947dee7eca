// The rewind windows of live sessions on disk, so that players find them where they were after the
// process died.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::media {

struct WindowShelfOptions {
  std::filesystem::path directory;
  std::chrono::seconds keep{120};  ///< a window that nothing was put into for so long is not loaded
  std::size_t max_queued_bytes = 64U << 20;
};

/// How far a window is on the shelf. Belongs to the window.
struct ShelfMark {
  ShelfMark() = default;
  /// All of `window` is there.
  explicit ShelfMark(const SegmentWindow& window);

  struct Row {
    std::uint64_t epoch = 0, number = 0, oldest = 0;
    std::size_t parts = 0;  ///< of the segment `number`
  };
  std::map<std::string, Row> rows;  ///< by the rendition's name
};

/// A file for each segment, to which each part is added when it is whole: `kill -9` costs what was
/// not a whole part yet. Nothing is synced. One thread writes for all sessions; when the disk
/// cannot follow and the queue is full, parts wait in their window, and those that leave it
/// meanwhile are not kept. Thread-safe.
class WindowShelf {
 public:
  /// What is there and not too old; the rest goes. Errors: io.
  static Result<std::unique_ptr<WindowShelf>> open(WindowShelfOptions options, Metrics& metrics);
  /// Writes what is queued.
  ~WindowShelf();

  /// What was found when it was opened, by session; once. All segments are complete.
  [[nodiscard]] std::map<std::string, SavedWindow> take_loaded();

  /// Puts what is new in `window` on the shelf, and takes off what has left it. Never blocks.
  void put(const std::string& session, const SegmentWindow& window, ShelfMark& mark);
  /// All of it. Never blocks.
  void forget(const std::string& session);

  /// Waits until all that was put is written. For tests.
  void flush();

 private:
  struct Impl;
  explicit WindowShelf(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::media

// Frames from an event loop to a thread that blocks on them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <variant>

#include "media/encoded.hpp"

namespace troupe::ingest {

/// A publication begins with its format; frames follow.
using MediaUnit = std::variant<media::EncodedFormat, media::EncodedFrame>;

/// One writer, which must stop when the pipe is full, and one reader. Thread-safe.
class MediaPipe {
 public:
  /// `on_room` is called, on the reader's thread, when a full pipe is half empty again.
  MediaPipe(std::size_t capacity_bytes, std::function<void()> on_room)
      : capacity_(capacity_bytes), on_room_(std::move(on_room)) {}

  /// False: it is full now, write nothing before `on_room`. What is written is taken in any case.
  [[nodiscard]] bool write(MediaUnit unit);
  /// No more comes; what is in it can be read.
  void close();

  enum class Outcome : std::uint8_t { unit, end, timeout };
  struct Read {
    Outcome outcome;
    std::optional<MediaUnit> unit;
  };
  /// Waits for the next unit, until `deadline`.
  Read read(std::chrono::steady_clock::time_point deadline);

 private:
  const std::size_t capacity_;
  const std::function<void()> on_room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<MediaUnit> units_;
  std::size_t held_ = 0;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace troupe::ingest

// Bytes from an event loop to a thread that blocks on them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>

namespace troupe::ingest {

/// One writer, which must stop when the pipe is full, and one reader. Thread-safe.
class BytePipe {
 public:
  /// `on_room` is called, on the reader's thread, when a full pipe is half empty again.
  BytePipe(std::size_t capacity, std::function<void()> on_room)
      : capacity_(capacity), on_room_(std::move(on_room)) {}

  /// False: it is full now, write nothing before `on_room`. What is written is taken in any case.
  [[nodiscard]] bool write(std::string bytes);
  /// No more bytes come; what is in it can be read.
  void close();

  enum class Outcome { data, end, timeout };
  struct Read {
    Outcome outcome;
    std::size_t bytes = 0;
  };
  /// Waits for at least one byte, until `deadline`.
  Read read(std::span<std::uint8_t> buffer, std::chrono::steady_clock::time_point deadline);

 private:
  const std::size_t capacity_;
  const std::function<void()> on_room_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> blocks_;
  std::size_t front_read_ = 0;
  std::size_t held_ = 0;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace troupe::ingest

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
#include <string_view>

namespace troupe::ingest {

/// One writer, which must stop when the pipe is full, and one reader. Thread-safe.
class BytePipe {
 public:
  /// `on_room` is called, on the reader's thread, when a full pipe is half empty again.
  BytePipe(std::size_t capacity_bytes, std::function<void()> on_room)
      : capacity_(capacity_bytes), on_room_(std::move(on_room)) {}

  /// False: it is full now, write nothing before `on_room`. What is written is taken in any case.
  [[nodiscard]] bool write(std::string_view bytes);
  /// No more comes; what is in it can be read.
  void close();
  /// No more comes, and what is in it is thrown away.
  void abandon();

  /// Waits for at least one byte, until `deadline`; how many are in `buffer`, 0 at the end or when
  /// it is too late.
  std::size_t read(std::span<std::uint8_t> buffer, std::chrono::steady_clock::time_point deadline);
  /// Bytes that were read.
  [[nodiscard]] std::uint64_t taken() const;

 private:
  const std::size_t capacity_;
  const std::function<void()> on_room_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::size_t front_at_ = 0;  ///< bytes of the first piece that were read
  std::size_t held_ = 0;
  std::uint64_t taken_ = 0;
  bool full_ = false;
  bool closed_ = false;
};

}  // namespace troupe::ingest

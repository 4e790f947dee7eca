#include "net/ingest/byte_pipe.hpp"

#include <algorithm>

namespace troupe::ingest {

bool BytePipe::write(std::string bytes) {
  if (bytes.empty()) return true;
  const std::lock_guard lock(mutex_);
  if (closed_) return true;
  held_ += bytes.size();
  blocks_.push_back(std::move(bytes));
  full_ = full_ || held_ > capacity_;
  changed_.notify_one();
  return !full_;
}

void BytePipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

BytePipe::Read BytePipe::read(std::span<std::uint8_t> buffer,
                              std::chrono::steady_clock::time_point deadline) {
  std::size_t count = 0;
  bool room = false;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return !blocks_.empty() || closed_; };
    // wait_until overflows for time_point::max().
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      changed_.wait(lock, ready);
    } else if (!changed_.wait_until(lock, deadline, ready)) {
      return {Outcome::timeout};
    }
    if (blocks_.empty()) return {Outcome::end};
    const auto& front = blocks_.front();
    count = std::min(buffer.size(), front.size() - front_read_);
    std::copy_n(front.data() + front_read_, count, buffer.data());
    front_read_ += count;
    held_ -= count;
    if (front_read_ == front.size()) {
      blocks_.pop_front();
      front_read_ = 0;
    }
    room = full_ && held_ <= capacity_ / 2;
    full_ = full_ && !room;
  }
  if (room) on_room_();
  return {Outcome::data, count};
}

}  // namespace troupe::ingest

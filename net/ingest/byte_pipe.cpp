#include "net/ingest/byte_pipe.hpp"

#include <algorithm>

namespace troupe::ingest {
namespace {
/// What a piece costs beside its bytes: many small ones fill memory too.
constexpr std::size_t kPieceBytes = sizeof(std::string);
}  // namespace

bool BytePipe::write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (closed_ || bytes.empty()) return !full_;
  held_ += kPieceBytes + bytes.size();
  pieces_.emplace_back(bytes);
  full_ = full_ || held_ > capacity_;
  changed_.notify_one();
  return !full_;
}

void BytePipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

void BytePipe::abandon() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  pieces_.clear();
  front_at_ = held_ = 0;
  changed_.notify_one();
}

std::size_t BytePipe::read(std::span<std::uint8_t> buffer,
                           std::chrono::steady_clock::time_point deadline) {
  bool room = false;
  std::size_t size = 0;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return !pieces_.empty() || closed_; };
    // wait_until overflows for time_point::max().
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      changed_.wait(lock, ready);
    } else {
      changed_.wait_until(lock, deadline, ready);
    }
    if (pieces_.empty()) return 0;
    const auto& piece = pieces_.front();
    size = std::min(buffer.size(), piece.size() - front_at_);
    std::copy_n(piece.data() + front_at_, size, buffer.data());
    front_at_ += size;
    taken_ += size;
    if (front_at_ == piece.size()) {
      held_ -= kPieceBytes + piece.size();
      pieces_.pop_front();
      front_at_ = 0;
    }
    room = full_ && held_ <= capacity_ / 2;
    full_ = full_ && !room;
  }
  if (room) on_room_();
  return size;
}

std::uint64_t BytePipe::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

}  // namespace troupe::ingest

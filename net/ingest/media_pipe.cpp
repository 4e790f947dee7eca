#include "net/ingest/media_pipe.hpp"

namespace troupe::ingest {
namespace {

/// What a unit without bytes costs: many empty ones fill memory too.
constexpr std::size_t kUnitBytes = sizeof(MediaUnit);

std::size_t size_of(const MediaUnit& unit) {
  const auto* frame = std::get_if<media::EncodedFrame>(&unit);
  return kUnitBytes + (frame == nullptr ? 0 : frame->bytes.size());
}

}  // namespace

bool MediaPipe::write(MediaUnit unit) {
  const std::lock_guard lock(mutex_);
  if (closed_) return true;
  held_ += size_of(unit);
  units_.push_back(std::move(unit));
  full_ = full_ || held_ > capacity_;
  changed_.notify_one();
  return !full_;
}

void MediaPipe::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

MediaPipe::Read MediaPipe::read(std::chrono::steady_clock::time_point deadline) {
  Read out{Outcome::unit, std::nullopt};
  bool room = false;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [this] { return !units_.empty() || closed_; };
    // wait_until overflows for time_point::max().
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      changed_.wait(lock, ready);
    } else if (!changed_.wait_until(lock, deadline, ready)) {
      return {Outcome::timeout, std::nullopt};
    }
    if (units_.empty()) return {Outcome::end, std::nullopt};
    out.unit = std::move(units_.front());
    units_.pop_front();
    held_ -= size_of(*out.unit);
    room = full_ && held_ <= capacity_ / 2;
    full_ = full_ && !room;
  }
  if (room) on_room_();
  return out;
}

}  // namespace troupe::ingest

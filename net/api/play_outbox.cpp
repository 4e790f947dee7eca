#include "net/api/play_outbox.hpp"

#include <utility>

namespace troupe::api {

bool PlayOutbox::post(std::string message) {
  if (messages_.size() >= kMostMessages) return false;
  messages_.push_back(std::move(message));
  return true;
}

bool PlayOutbox::put(const game::SnapshotHead& head, std::shared_ptr<const std::string> delta) {
  const bool replaced = delta_ != nullptr;
  head_ = head;
  delta_ = std::move(delta);
  return replaced;
}

void PlayOutbox::acknowledge(std::uint32_t tick) {
  while (!unacknowledged_.empty() && unacknowledged_.front() <= tick) unacknowledged_.pop_front();
}

bool PlayOutbox::may_send_snapshot(std::size_t unsent, TimePoint now) const {
  if (delta_ == nullptr || unsent > 0) return false;
  return unacknowledged_.size() < kMostUnacknowledged || now - sent_at_ >= kTrickle;
}

std::string PlayOutbox::next(std::size_t unsent, TimePoint now) {
  std::string out;
  if (!messages_.empty()) {
    if (unsent > kMostUnsent) return out;
    out.reserve(1 + messages_.front().size());
    out.push_back(static_cast<char>(game::kReliableChannel));
    out += messages_.front();
    messages_.pop_front();
    return out;
  }
  if (!may_send_snapshot(unsent, now)) return out;
  const auto head = game::write_head(head_);
  const auto delta = std::exchange(delta_, nullptr);
  out.reserve(1 + head.size() + delta->size());
  out.push_back(static_cast<char>(game::kUnreliableChannel));
  out += head;
  out += *delta;
  // After a restart of the match ticks may go back: what was sent before tells nothing.
  if (!unacknowledged_.empty() && head_.tick <= unacknowledged_.back()) unacknowledged_.clear();
  if (unacknowledged_.size() >= kMostUnacknowledged) unacknowledged_.pop_front();
  unacknowledged_.push_back(head_.tick);
  sent_at_ = now;
  ++snapshots_;
  return out;
}

}  // namespace troupe::api

#include "net/http/body_feed.hpp"

#include <utility>

namespace troupe::http {

void BodyFeed::change(const std::function<void()>& how) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    how();
    wake = std::exchange(wake_, nullptr);
  }
  if (wake) wake();
}

bool BodyFeed::push(Bytes bytes) {
  bool taken = false;
  change([&] {
    if (abandoned_ || broken_ || ended_) return;
    waiting_bytes_ += bytes->size();
    if (waiting_bytes_ > max_waiting_) {
      broken_ = true;
      waiting_.clear();
      return;
    }
    if (!bytes->empty()) waiting_.push_back(std::move(bytes));
    taken = true;
  });
  return taken;
}

void BodyFeed::end() {
  change([&] { ended_ = true; });
}

void BodyFeed::break_off() {
  change([&] { broken_ = !ended_; });
}

std::optional<BodyFeed::Taken> BodyFeed::take(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty() && !ended_ && !broken_) {
    wake_ = std::move(wake);
    return std::nullopt;
  }
  waiting_bytes_ = 0;
  return Taken{std::exchange(waiting_, {}), ended_, broken_};
}

void BodyFeed::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  waiting_.clear();
}

}  // namespace troupe::http

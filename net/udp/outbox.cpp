#include "net/udp/outbox.hpp"

namespace troupe::udp {

Outbox::Posted Outbox::post(Message message) {
  const std::lock_guard lock(mutex_);
  if (messages_.size() >= kMostMessages) return Posted::full;
  messages_.push_back(std::move(message));
  return std::exchange(woken_, true) ? Posted::queued : Posted::woke;
}

Outbox::Replaced Outbox::put(SessionId session, const game::SnapshotHead& head,
                             std::shared_ptr<const std::string> delta) {
  const std::lock_guard lock(mutex_);
  auto& slot = slots_[session];
  const bool older = slot.delta != nullptr;
  if (!older) filled_.push_back(session);
  slot = {head, std::move(delta)};
  return {older, !std::exchange(woken_, true)};
}

void Outbox::forget(SessionId session) {
  const std::lock_guard lock(mutex_);
  slots_.erase(session);
}

}  // namespace troupe::udp

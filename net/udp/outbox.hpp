// What matches send, until the gateway's thread takes it: reliable messages in a bounded queue, and
// of each session the newest snapshot.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/match/output.hpp"

namespace troupe::udp {

/// Thread-safe.
class Outbox {
 public:
  using SessionId = match::SessionId;
  static constexpr std::size_t kMostMessages = 8'192;

  struct Message {
    SessionId session = 0;
    std::string bytes;                            ///< reliable, or
    game::Goodbye goodbye = game::Goodbye::none;  ///< the end
  };
  struct Snapshot {
    game::SnapshotHead head;
    std::shared_ptr<const std::string> delta;
  };
  enum class Posted {
    queued,
    woke,  ///< and the gateway's thread is to be woken
    full,
  };

  Posted post(Message message);
  struct Replaced {
    bool older = false;  ///< a snapshot that was not sent yet
    bool wake = false;   ///< the gateway's thread is to be woken
  };
  Replaced put(SessionId session, const game::SnapshotHead& head,
               std::shared_ptr<const std::string> delta);
  void forget(SessionId session);

  /// All that waits. What is in the vectors is dropped, their memory is used again. Sessions that
  /// `is_known` does not know are forgotten with their snapshot.
  template <class IsKnown>
  void take(std::vector<Message>& messages, std::vector<std::pair<SessionId, Snapshot>>& snapshots,
            const IsKnown& is_known) {
    messages.clear();
    snapshots.clear();
    const std::lock_guard lock(mutex_);
    woken_ = false;
    messages.swap(messages_);
    for (const auto session : filled_) {
      const auto slot = slots_.find(session);
      if (slot == slots_.end()) continue;
      snapshots.emplace_back(session, std::exchange(slot->second, {}));
      if (!is_known(session)) slots_.erase(slot);  // a match that has not heard of it yet
    }
    filled_.clear();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<SessionId, Snapshot> slots_;  ///< one for each session that was sent to
  std::vector<SessionId> filled_;                  ///< slots with something to send
  std::vector<Message> messages_;
  bool woken_ = false;
};

}  // namespace troupe::udp

// What waits for one player on a WebSocket: reliable messages in a bounded queue, and the newest
// snapshot. Pure: time comes in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "game/wire.hpp"

namespace troupe::api {

/// TCP delivers all that it was given, however late. So that a slow line is shown what is new, and
/// not what has been waiting, a snapshot stays here, to be replaced by the next, while bytes wait
/// for the socket or while the client has not acknowledged enough of those before. Not thread-safe.
class PlayOutbox {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMostMessages = 64;
  /// Of the socket's queue: beyond, reliable messages wait here.
  static constexpr std::size_t kMostUnsent = 32U << 10;
  /// Snapshots that the client has not acknowledged: a second's worth at 30 Hz.
  static constexpr std::size_t kMostUnacknowledged = 30;
  /// A client that acknowledges nothing, as one that lost its place in a hidden tab, still gets one
  /// from time to time.
  static constexpr std::chrono::milliseconds kTrickle{250};

  /// False when the queue is full: it was not taken.
  [[nodiscard]] bool post(std::string message);
  /// True when it replaces one that was not sent.
  bool put(const game::SnapshotHead& head, std::shared_ptr<const std::string> delta);
  /// The client says that it has the snapshot of `tick`; 0: none that counts.
  void acknowledge(std::uint32_t tick);

  /// The next payload to be sent, channel byte included, given how many bytes wait for the socket;
  /// empty when nothing may be sent now.
  [[nodiscard]] std::string next(std::size_t unsent, TimePoint now);

  /// Whether reliable messages wait.
  [[nodiscard]] bool has_messages() const noexcept { return !messages_.empty(); }
  /// Snapshots that `next` gave out.
  [[nodiscard]] std::uint64_t snapshots() const noexcept { return snapshots_; }

 private:
  [[nodiscard]] bool may_send_snapshot(std::size_t unsent, TimePoint now) const;

  std::deque<std::string> messages_;
  game::SnapshotHead head_;
  std::shared_ptr<const std::string> delta_;  ///< null: none waits
  std::deque<std::uint32_t> unacknowledged_;  ///< ascending
  TimePoint sent_at_{};
  std::uint64_t snapshots_ = 0;
};

}  // namespace troupe::api

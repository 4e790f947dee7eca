// One client's picture of the world, as the server sends it and as the client has it. Both sides
// keep what was sent until it cannot be a baseline any more. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "game/snapshot_codec.hpp"
#include "game/wire.hpp"

namespace troupe::game {

/// Snapshots that can be a baseline: 1.6 s at 30 Hz. Each weighs about four kilobytes with its
/// model; what is older than the newest acknowledged one is dropped.
inline constexpr std::size_t kMaxBaselines = 48;

/// A snapshot and what was learned up to it.
struct Baseline {
  Snapshot snapshot;
  SnapshotModel model;
};

/// The server's side.
class ReplicaSender {
 public:
  struct Packet {
    std::uint32_t baseline = 0;  ///< 0: none
    std::uint32_t checksum = 0;
    std::string bytes;
  };
  /// `view`: what the client is to see at a tick later than those before.
  [[nodiscard]] Packet send(Snapshot view);
  /// The client has the snapshot of `tick`. One that was not sent, or is too old, says nothing.
  void acknowledge(std::uint32_t tick);
  /// What the client has is not what we think: the next packet stands alone, and
  /// acknowledgements of what was sent before count no more.
  void start_over();

  /// What it was sent at `tick`, if that is still known.
  [[nodiscard]] const Snapshot* sent(std::uint32_t tick) const;
  /// The newest snapshot that the client has for certain.
  [[nodiscard]] const Snapshot* acknowledged() const;
  [[nodiscard]] std::size_t size() const noexcept { return sent_.size(); }

 private:
  std::deque<Baseline> sent_;  ///< oldest first; the first is the acknowledged one, if any is
  std::uint32_t acknowledged_ = 0;
  std::uint32_t ignore_until_ = 0;
};

/// The client's side.
class ReplicaReader {
 public:
  enum class Outcome {
    taken,
    late,         ///< repeated, overtaken, or of a history that was left
    no_baseline,  ///< it builds on what is not there
    malformed,
    mismatch,  ///< it decodes to another state than the server has
  };
  /// `packet` is the whole packet; `near_sequence` as for take_head.
  Outcome read(std::string_view packet, std::uint32_t near_sequence);

  /// Of the last packet that was taken.
  [[nodiscard]] const SnapshotHead& head() const noexcept { return head_; }
  /// Oldest first; bounded by kMaxBaselines. All of one epoch.
  [[nodiscard]] const std::deque<Baseline>& history() const noexcept { return history_; }
  [[nodiscard]] const Snapshot* latest() const noexcept {
    return history_.empty() ? nullptr : &history_.back().snapshot;
  }
  /// What to tell the server that we have; 0: nothing that it may build on.
  [[nodiscard]] std::uint32_t to_acknowledge() const noexcept {
    return mismatch_ || history_.empty() ? 0 : history_.back().snapshot.tick;
  }
  struct Mismatch {
    std::uint32_t tick = 0;
    std::uint64_t hash = 0;  ///< view_hash of what came out
  };
  /// To be told to the server until a packet that stands alone has come.
  [[nodiscard]] const std::optional<Mismatch>& mismatch() const noexcept { return mismatch_; }

 private:
  std::deque<Baseline> history_;
  SnapshotHead head_;
  std::optional<Mismatch> mismatch_;
};

}  // namespace troupe::game

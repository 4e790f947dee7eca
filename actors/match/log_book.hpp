// The command logs of all matches on their way to disk. What comes within a few milliseconds is one
// write: a sync for each tick of each match would cost more than the matches do.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/match/output.hpp"

namespace prometheus {
class Counter;
}
namespace troupe::storage {
class Writer;
}

namespace troupe::match {

/// The snapshots of one tick of a match, shown once: when the tick is on disk, or when they have
/// waited long enough.
class HeldTick {
 public:
  explicit HeldTick(Output& output) : output_(output) {}
  /// Before it is given to others.
  void hold(SessionId session, const game::SnapshotHead& head,
            std::shared_ptr<const std::string> delta);
  /// Any thread; false when they were shown before.
  bool show();
  [[nodiscard]] bool shown() const noexcept { return shown_; }

 private:
  struct Sent {
    SessionId session = 0;
    game::SnapshotHead head;
    std::shared_ptr<const std::string> delta;
  };
  Output& output_;
  std::vector<Sent> snapshots_;
  std::atomic<bool> shown_{false};
};

/// Thread-safe. Outlives the matches.
class LogBook {
 public:
  /// What waits longest is handed to the writer after so long.
  static constexpr std::chrono::milliseconds kGather{5};

  /// `unsafe_ticks` counts those that could not be written.
  LogBook(storage::Writer& writer, prometheus::Counter& unsafe_ticks);
  /// Hands over what waits.
  ~LogBook();

  /// Shows `held` once the record is on disk, or cannot be put there.
  void append(std::string key, std::string record, std::shared_ptr<HeldTick> held);
  /// Hands over what waits, so that what is submitted to the writer from now on comes after it.
  void flush();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::match

// The ticker: one thread per tick rate that tells many actors that a tick is due.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <caf/actor.hpp>
#include <caf/atom.hpp>

namespace troupe {
class Metrics;
}

namespace troupe::actors {

using tick_atom = caf::atom_constant<caf::atom("tick")>;

/// Sends (tick_atom, std::uint64_t due_ns) to each subscriber at each tick; `due_ns` is the
/// steady-clock time in nanoseconds at which the tick was due, so that the receiver knows how late
/// it runs. Deadlines are absolute: lateness does not add up. Subscribers are spread evenly over
/// the period, so that a thousand matches do not start their ticks in the same microsecond. A
/// subscriber with `max_pending` ticks unacknowledged gets none until it calls `done`: a mailbox
/// never fills with ticks, and the skipped ones are counted. Thread-safe.
class Ticker {
 public:
  Ticker(std::chrono::nanoseconds period, Metrics& metrics);
  ~Ticker();

  /// Returns a token for `done` and `unsubscribe`. Holds the actor only weakly: a dead one drops
  /// out by itself.
  std::uint64_t subscribe(const caf::actor& actor);
  void unsubscribe(std::uint64_t token);
  /// The subscriber has handled one tick.
  void done(std::uint64_t token);

  [[nodiscard]] std::chrono::nanoseconds period() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::actors

// A match played again from its log: after a crash from the last checkpoint, for a replay from the
// beginning. Every logged tick has the hash of the state that it must lead to.
#pragma once

#include <cstdint>
#include <string>

#include "actors/match/match_store.hpp"
#include "base/result.hpp"

namespace troupe::storage {
class Store;
}

namespace troupe::match {

/// Plays all ticks that were logged after `at`, up to a gap. Errors: io, corrupt (a record, or a
/// state that is not the logged one: `at` is of no use then).
Result<void> play_on(const storage::Store& store, Checkpoint& at);

struct Replay {
  Checkpoint at;                ///< `info` is that of the match as it is now
  std::uint32_t last_tick = 0;  ///< of the match, as it is stored
  std::uint32_t verified = 0;   ///< ticks played, each with the logged hash
  std::uint64_t hash = 0;       ///< of the state
};
/// A replay plays from the beginning: an hour at 30 Hz takes seconds of a thread.
inline constexpr std::uint32_t kMostReplayTicks = 108'000;

/// The match as it was at `tick`, or at its last one if that is earlier. Errors: not_found (also
/// when the log is not kept any more), conflict (it goes on, and `also_running` is false),
/// too_large, io, corrupt (says at which tick), unavailable (the log has a gap).
Result<Replay> replay(const storage::Store& store, const std::string& id, std::uint32_t tick,
                      bool also_running = true);

}  // namespace troupe::match

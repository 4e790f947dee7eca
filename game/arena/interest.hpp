// What one client is told of the world: only what it may see, and of that no more than its line
// carries, the most urgent first. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "game/arena/snapshot.hpp"

namespace troupe::game {

using InterestOptions = LensOptions;

/// Whether every client can be sent everything: then all share the same bytes.
[[nodiscard]] bool fits_all(const Snapshot& now, const InterestOptions& options) noexcept;

/// One client's interest. Who is out of sight is not sent at all, so that no client can show it.
/// Under a budget each one that changed gains urgency every tick until it is sent, near ones
/// faster: all are sent in the end. A change that is on its way is sent again, the same,
/// until it is acknowledged, as deltas are; that counts against the budget first.
class Interest {
 public:
  /// What to send: a mix of `now` and, where there was no room, of `last`, the view before (null:
  /// none). `baseline`: what the client has for certain (null: nothing). `own`: its slot.
  [[nodiscard]] Snapshot select(const Snapshot& now, std::uint8_t own, const Snapshot* last,
                                const Snapshot* baseline, const InterestOptions& options);

 private:
  std::array<std::uint32_t, kMaxPlayers> urgency_{};  ///< by slot
  std::array<bool, kMaxPlayers> in_sight_{};
};

}  // namespace troupe::game

// The entropy coding of snapshots' deltas: what travels.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "game/fields.hpp"
#include "game/snapshot.hpp"

namespace troupe::game {

/// What was learned of the deltas up to some snapshot. Both sides keep it beside that snapshot: a
/// delta is coded with the model of its baseline, so a lost packet cannot part them.
struct SnapshotModel {
  SnapshotModel();
  Bit same_players, present;
  RowModel player;
  Bit stays, appended, of_player;
  NumberModel fresh, id;
  std::array<Bit, 64> shooter;             ///< a tree of six bits
  NumberModel age, aim, steps_x, steps_y;  ///< of a fresh projectile, from its shooter
};

/// The difference of `now` to `baseline`; `model` learns from it. Players by slot, as in every
/// snapshot.
[[nodiscard]] std::string encode_snapshot(SnapshotModel& model, const Snapshot& baseline,
                                          const Snapshot& now);
/// The snapshot of `tick`; nothing when the bytes are not such a delta. Bounded by the limits of
/// World whatever they are; `model` is of no use then.
[[nodiscard]] std::optional<Snapshot> decode_snapshot(SnapshotModel& model,
                                                      const Snapshot& baseline, std::uint32_t tick,
                                                      std::string_view bytes);

}  // namespace troupe::game

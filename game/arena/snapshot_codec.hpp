// The entropy coding of snapshots' deltas: what travels.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "game/arena/snapshot.hpp"
#include "game/row_set.hpp"

namespace troupe::game {

/// What was learned of deltas. A coder takes a copy, so that it learns within one delta only: what
/// is to be known beforehand travels apart (tables.hpp), and a lost packet parts nobody.
struct SnapshotModel {
  SnapshotModel();
  RowSetModel players;
  Bit stays, appended, of_player;
  NumberModel fresh, id;
  std::array<Bit, 64> shooter;             ///< a tree of six bits
  NumberModel age, aim, steps_x, steps_y;  ///< of a fresh projectile, from its shooter

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    players.each(visit);
    visit(stays);
    visit(appended);
    visit(of_player);
    for (auto* number : {&fresh, &id}) number->each(visit);
    for (auto& bit : shooter) visit(bit);
    for (auto* number : {&age, &aim, &steps_x, &steps_y}) number->each(visit);
  }
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

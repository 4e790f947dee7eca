// The pitch as bytes: for checkpoints, and as rows of field tables for clients.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "game/ball/pitch.hpp"
#include "game/row_set.hpp"

namespace troupe::game::ball {

[[nodiscard]] std::string encode_pitch(const Pitch& pitch);
/// Nothing when the bytes are not of encode_pitch, or say what the rules do not have.
[[nodiscard]] std::optional<Pitch> decode_pitch(std::string_view bytes);

/// Of all of it; equal on every machine.
[[nodiscard]] std::uint64_t hash_of(const Pitch& pitch);

/// What was learned of deltas.
struct PitchModel {
  PitchModel();
  RowSetModel bodies, board;

  /// Calls `visit` with each Bit, always in the same order.
  template <class Visit>
  void each(const Visit& visit) {
    bodies.each(visit);
    board.each(visit);
  }
};

/// The difference of `now` to `baseline`; `model` learns from it.
[[nodiscard]] std::string encode_delta(PitchModel& model, const Pitch& baseline, const Pitch& now);
/// Nothing when the bytes are not such a delta; `model` is of no use then.
[[nodiscard]] std::optional<Pitch> decode_delta(PitchModel& model, const Pitch& baseline,
                                                std::uint32_t tick, std::string_view bytes);

/// Little-endian: u8 version (1), u8 bodies, u16 and u16 goals, u16 ticks to the kick-off, u32
/// tick; for each body u8 id (a slot, or 16: the ball), u8 heading, u16 boost, u16 x, u16 y.
[[nodiscard]] std::string encode_frame(const Pitch& pitch);

}  // namespace troupe::game::ball

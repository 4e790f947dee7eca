// The arena's commands as they travel: five bytes, little-endian.
//
//   u8  move_x + 1 | (move_y + 1) << 2 | fire << 4 | weapon << 5
//   u8  aim
//   u16 the tick at which the player saw the others, its low bits
//   u8  and by how many 256ths of a tick it was past it
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "game/arena/world.hpp"
#include "game/packed_command.hpp"

namespace troupe::game {

inline constexpr std::size_t kCommandBytes = 5;

/// `command` is one that the rules allow.
[[nodiscard]] PackedCommand pack_command(const Command& command);
/// Of pack_command() or verify_command().
[[nodiscard]] Command unpack_command(const PackedCommand& command);
/// Nothing when these bytes are no command of the arena.
[[nodiscard]] std::optional<PackedCommand> verify_command(std::string_view bytes);

}  // namespace troupe::game

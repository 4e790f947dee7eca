// What those who watch a match get: each frame whole, so that one may be missed. Pure.
#pragma once

#include <string>

#include "game/arena/snapshot.hpp"

namespace troupe::game {

/// Little-endian: u8 version (1), u8 players, u16 projectiles, u32 tick; for each player u8 slot,
/// u8 flags (1: alive), u8 aim, u8 health, u16 score, u16 x, u16 y; for each projectile u16 id, u16
/// x, u16 y, u8 aim. 8 + 10 · players + 7 · projectiles bytes, so at most 4,232. docs/games.md.
[[nodiscard]] std::string encode_spectator_frame(const Snapshot& snapshot);

}  // namespace troupe::game

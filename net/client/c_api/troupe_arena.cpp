// The arena's part of the C API: its commands, and the rows of its views.
#include <optional>

#include "game/arena/command.hpp"
#include "net/client/c_api/troupe_client.h"

namespace {

// game/arena/spectator_frame.hpp
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHead = 8, kPlayer = 10, kProjectile = 7;

struct Rows {
  std::size_t players = 0, projectiles = 0;
};

std::uint16_t u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] | at[1] << 8);
}

std::optional<Rows> rows_of(const troupe_view* view) {
  if (view == nullptr || view->bytes == nullptr || view->size < kHead || view->bytes[0] != kVersion)
    return std::nullopt;
  const Rows rows{view->bytes[1], u16(view->bytes + 2)};
  if (view->size != kHead + kPlayer * rows.players + kProjectile * rows.projectiles)
    return std::nullopt;
  return rows;
}

}  // namespace

extern "C" {

troupe_status troupe_arena_pack(const troupe_arena_command* command,
                                uint8_t bytes[TROUPE_ARENA_COMMAND_BYTES]) {
  static_assert(TROUPE_ARENA_COMMAND_BYTES == troupe::game::kCommandBytes);
  if (command == nullptr || bytes == nullptr) return TROUPE_INVALID_ARGUMENT;
  const auto is_step = [](int step) { return step >= -1 && step <= 1; };
  troupe::game::Command wanted;
  wanted.move_x = command->move_x;
  wanted.move_y = command->move_y;
  wanted.aim = command->aim;
  wanted.fire = command->fire != 0;
  wanted.weapon = command->weapon;
  if (!is_step(command->move_x) || !is_step(command->move_y) || command->fire > 1 ||
      troupe::game::sanitise(wanted) != wanted)
    return TROUPE_INVALID_ARGUMENT;
  const auto packed = troupe::game::pack_command(wanted);
  for (std::size_t i = 0; i < TROUPE_ARENA_COMMAND_BYTES; ++i) bytes[i] = packed.bytes[i];
  return TROUPE_OK;
}

troupe_status troupe_arena_count(const troupe_view* view, size_t* players, size_t* projectiles) {
  const auto rows = rows_of(view);
  if (!rows || players == nullptr || projectiles == nullptr) return TROUPE_INVALID_ARGUMENT;
  *players = rows->players;
  *projectiles = rows->projectiles;
  return TROUPE_OK;
}

troupe_status troupe_arena_player_at(const troupe_view* view, size_t row,
                                     troupe_arena_player* player) {
  const auto rows = rows_of(view);
  if (!rows || player == nullptr) return TROUPE_INVALID_ARGUMENT;
  if (row >= rows->players) return TROUPE_NOT_FOUND;
  const auto* at = view->bytes + kHead + row * kPlayer;
  *player = {at[0],      static_cast<uint8_t>(at[1] & 1), at[2], at[3], u16(at + 4), u16(at + 6),
             u16(at + 8)};
  return TROUPE_OK;
}

troupe_status troupe_arena_projectile_at(const troupe_view* view, size_t row,
                                         troupe_arena_projectile* projectile) {
  const auto rows = rows_of(view);
  if (!rows || projectile == nullptr) return TROUPE_INVALID_ARGUMENT;
  if (row >= rows->projectiles) return TROUPE_NOT_FOUND;
  const auto* at = view->bytes + kHead + rows->players * kPlayer + row * kProjectile;
  *projectile = {u16(at), u16(at + 2), u16(at + 4), at[6]};
  return TROUPE_OK;
}

}  // extern "C"

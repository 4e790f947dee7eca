#include "game/arena/command.hpp"

#include <cassert>

namespace troupe::game {

PackedCommand pack_command(const Command& command) {
  assert(command == sanitise(command));
  PackedCommand out;
  out.size = kCommandBytes;
  out.bytes[0] = static_cast<std::uint8_t>((command.move_x + 1) | (command.move_y + 1) << 2 |
                                           (command.fire ? 0x10 : 0) | command.weapon << 5);
  out.bytes[1] = command.aim;
  out.bytes[2] = static_cast<std::uint8_t>(command.seen_tick & 0xff);
  out.bytes[3] = static_cast<std::uint8_t>(command.seen_tick >> 8);
  out.bytes[4] = command.seen_fraction;
  return out;
}

Command unpack_command(const PackedCommand& command) {
  const auto& bytes = command.bytes;
  assert(verify_command(command.view()));
  return {.move_x = static_cast<std::int8_t>(static_cast<int>(bytes[0] & 3) - 1),
          .move_y = static_cast<std::int8_t>(static_cast<int>(bytes[0] >> 2 & 3) - 1),
          .aim = bytes[1],
          .fire = (bytes[0] & 0x10) != 0,
          .weapon = static_cast<std::uint8_t>(bytes[0] >> 5),
          .seen_tick = static_cast<std::uint16_t>(bytes[2] | bytes[3] << 8),
          .seen_fraction = bytes[4]};
}

std::optional<PackedCommand> verify_command(std::string_view bytes) {
  if (bytes.size() != kCommandBytes) return std::nullopt;
  const auto keys = static_cast<unsigned char>(bytes[0]);
  if ((keys & 3) == 3 || (keys >> 2 & 3) == 3) return std::nullopt;
  return PackedCommand(bytes);
}

}  // namespace troupe::game

// Any bytes as a snapshot packet from a server: what decodes is within the world's limits, and
// codes to a delta that decodes to the same.
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "game/arena/snapshot_codec.hpp"
#include "game/wire.hpp"

namespace {

using namespace troupe::game;

/// What a client may have as a baseline: three players, one of whom shoots.
Snapshot baseline() {
  World world = make_world(3);
  for (int slot = 0; slot < 3; ++slot) add_player(world, slot);
  std::array<std::optional<Command>, kMaxPlayers> commands;
  commands[1] = Command{1, 0, 32, true};
  for (int tick = 0; tick < 10; ++tick) step(world, commands);
  return take_snapshot(world);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Snapshot known = baseline();
  std::string_view packet(reinterpret_cast<const char*>(data), size);
  const auto head = take_head(packet, known.tick, 0);
  if (!head) return 0;
  static const Snapshot kNothing;
  const auto& from = head->baseline == 0 ? kNothing : known;
  SnapshotModel reading;
  const auto decoded = decode_snapshot(reading, from, head->tick, packet);
  if (!decoded) return 0;
  assert(decoded->players.size() <= static_cast<std::size_t>(kMaxPlayers));
  assert(decoded->projectiles.size() <= kMaxProjectiles);
  assert(decoded->tick == head->tick);
  SnapshotModel write_again, read_again;
  const auto again =
      decode_snapshot(read_again, from, head->tick, encode_snapshot(write_again, from, *decoded));
  assert(again && *again == *decoded);
  return 0;
}

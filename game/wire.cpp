#include "game/wire.hpp"

#include <cassert>

namespace troupe::game {
namespace {

constexpr std::uint8_t kAbsolute = 0x01;  ///< whole numbers and no baseline
constexpr std::size_t kDeltaHeadBytes = 11;

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

std::uint32_t take(std::string_view& in, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(in[i])) << (8 * i);
  in.remove_prefix(bytes);
  return value;
}

/// The number nearest to `near` whose low 16 bits are these.
std::uint32_t widen(std::uint32_t low, std::uint32_t near) {
  const auto difference = static_cast<std::int16_t>(static_cast<std::uint16_t>(low - near));
  return near + static_cast<std::uint32_t>(static_cast<std::int32_t>(difference));
}

}  // namespace

std::string write_head(const SnapshotHead& head) {
  assert(head.waiting <= kMaxWaiting && head.tables <= kMaxTables);
  std::string out;
  out.reserve(kMaxHeadBytes);
  const bool absolute = head.baseline == 0;
  assert(!absolute || head.tables == 0);
  put(out,
      (absolute ? kAbsolute : 0U) | static_cast<std::uint32_t>(head.tables) << 1 |
          static_cast<std::uint32_t>(head.waiting) << 4,
      1);
  put(out, head.epoch, 1);
  if (absolute) {
    put(out, head.tick, 4);
    put(out, head.input_sequence, 4);
  } else {
    assert(head.tick - head.baseline <= kMaxBaselineDistance);
    put(out, head.tick, 2);
    put(out, head.tick - head.baseline, 1);
    put(out, head.input_sequence, 2);
  }
  put(out, head.checksum, 4);
  return out;
}

std::optional<SnapshotHead> take_head(std::string_view& packet, std::uint32_t near_tick,
                                      std::uint32_t near_sequence) {
  if (packet.size() < kDeltaHeadBytes) return std::nullopt;
  const auto flags = take(packet, 1);
  const bool absolute = (flags & kAbsolute) != 0;
  SnapshotHead head;
  head.tables = flags >> 1 & kMaxTables;
  if (absolute && (head.tables != 0 || packet.size() < kMaxHeadBytes - 1)) return std::nullopt;
  head.waiting = static_cast<std::uint8_t>(flags >> 4);
  head.epoch = static_cast<std::uint8_t>(take(packet, 1));
  if (absolute) {
    head.tick = take(packet, 4);
    head.input_sequence = take(packet, 4);
  } else {
    head.tick = widen(take(packet, 2), near_tick);
    const auto distance = take(packet, 1);
    if (distance == 0 || distance >= head.tick) return std::nullopt;
    head.baseline = head.tick - distance;
    head.input_sequence = widen(take(packet, 2), near_sequence);
  }
  head.checksum = take(packet, 4);
  return head;
}

}  // namespace troupe::game

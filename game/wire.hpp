// The binary head of a snapshot packet, and limits of the game protocol. docs/games.md describes it
// all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::game {

inline constexpr std::uint8_t kReliableChannel = 0, kUnreliableChannel = 1, kChannels = 2;
inline constexpr std::size_t kMaxControlBytes = 8'192;
inline constexpr std::size_t kMaxCommandBytes = 1'024;
/// A client repeats its last commands in each packet, so that one lost packet loses none.
inline constexpr std::size_t kMaxCommandsPerPacket = 8;

/// Why the server ends a game session: the data of ENet's disconnect. Values travel: never
/// renumber.
enum class Goodbye : std::uint32_t {
  none = 0,
  bad_message = 1,  ///< not a message of this protocol
  bad_token = 2,    ///< forged, expired, or for something else
  too_slow = 3,     ///< no Hello in time
  rate_limited = 4,
  match_full = 5,
  match_gone = 6,
  replaced = 7,    ///< the same player came in again
  going_away = 8,  ///< the server stops
  match_over = 9,  ///< it has a result
  kicked = 10,     ///< it may not play here any more
};

/// Before the delta.
struct SnapshotHead {
  std::uint32_t tick = 0;
  std::uint32_t baseline = 0;        ///< tick of the snapshot it is coded against; 0: none
  std::uint32_t input_sequence = 0;  ///< newest command of this client that the tick has used
  std::uint32_t checksum = 0;        ///< of the state that the reader must end up with
  std::uint8_t epoch = 0;  ///< activation of the match: ticks of another epoch are another history
  std::uint8_t waiting = 0;  ///< commands of this client that the tick left for later, at most 15
  std::uint8_t tables = 0;   ///< the delta's tables (tables.hpp), short; only with a baseline
  friend bool operator==(const SnapshotHead&, const SnapshotHead&) = default;
};
/// The most that `write_head` makes.
inline constexpr std::size_t kMaxHeadBytes = 14;
inline constexpr std::uint32_t kMaxBaselineDistance = 255;
inline constexpr std::uint8_t kMaxWaiting = 15;
inline constexpr std::uint8_t kMaxTables = 7;

/// 14 bytes without a baseline; 11 with one, at most kMaxBaselineDistance ticks before the tick:
/// tick and sequence travel as their low 16 bits then.
[[nodiscard]] std::string write_head(const SnapshotHead& head);
[[nodiscard]] constexpr std::size_t head_bytes(const SnapshotHead& head) noexcept {
  return head.baseline == 0 ? kMaxHeadBytes : kMaxHeadBytes - 3;
}
/// Takes the head off the front of `packet`. `near_tick` and `near_sequence`: numbers that the
/// sent ones are within 32,767 of, as the newest that the reader knows. Nothing when these bytes
/// are no head.
[[nodiscard]] std::optional<SnapshotHead> take_head(std::string_view& packet,
                                                    std::uint32_t near_tick,
                                                    std::uint32_t near_sequence);

}  // namespace troupe::game

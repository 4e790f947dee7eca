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
};

/// Before the delta's bits. 14 bytes, little-endian.
struct SnapshotHead {
  std::uint32_t tick = 0;
  std::uint32_t baseline = 0;        ///< tick of the snapshot it is coded against; 0: none
  std::uint32_t input_sequence = 0;  ///< newest command of this client that the tick has used
  std::uint8_t epoch = 0;  ///< activation of the match: ticks of another epoch are another history
  std::uint8_t flags = 0;  ///< 0
};
inline constexpr std::size_t kSnapshotHeadBytes = 14;

[[nodiscard]] std::string write_head(const SnapshotHead& head);
/// Nothing when there are too few bytes.
[[nodiscard]] std::optional<SnapshotHead> read_head(std::string_view packet);

}  // namespace troupe::game

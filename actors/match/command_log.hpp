// What makes a tick of a match out of the one before: who came and went, and the commands. With the
// seed, all that is needed to play it again. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "game/packed_command.hpp"

namespace troupe::match {

/// A place that was taken or given up since the tick before.
struct LogEvent {
  bool entered = true;
  std::uint8_t slot = 0;
  std::string player;
  friend bool operator==(const LogEvent&, const LogEvent&) = default;
};

struct LoggedCommand {
  std::uint8_t slot = 0;
  std::uint32_t sequence = 0;  ///< the client's own number of it
  game::PackedCommand command;
  friend bool operator==(const LoggedCommand&, const LoggedCommand&) = default;
};

struct LoggedTick {
  std::vector<LogEvent> events;  ///< before the commands
  std::vector<LoggedCommand> commands;
  friend bool operator==(const LoggedTick&, const LoggedTick&) = default;
};

/// Six bytes a command and its own, and three. Players' names are cut at 255 bytes: none is so
/// long.
[[nodiscard]] std::string encode_tick(const LoggedTick& tick);
/// Nothing when the bytes are not of encode_tick. Whether the commands are of a game, it knows.
[[nodiscard]] std::optional<LoggedTick> decode_tick(std::string_view bytes);

}  // namespace troupe::match

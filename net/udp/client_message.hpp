// What game clients send, verified and decoded. Pure: the parser that the fuzzer drives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "actors/match/messages.hpp"

namespace troupe::udp {

struct HelloMessage {
  std::string token;
  bool resumed = false;
};
struct CommandsMessage {
  std::uint32_t acked_tick = 0;
  std::uint32_t taken = 0;
  std::uint8_t epoch = 0;
  game::TablesVersion tables = 0;
  std::vector<match::Input::Numbered> commands;
  std::optional<match::Input::Mismatch> mismatch;
};
// In the lobby.
struct QueueMessage {
  std::string mode;
  std::vector<std::pair<std::string, std::uint16_t>> pings;  ///< region, ms
  std::vector<std::string> party, roles;
  bool auto_accept = false;
};
struct QueueAnswerMessage {
  bool accept = false;
  std::vector<std::string> roles;
  bool auto_accept = false;
};
struct ProbeMessage {
  std::uint32_t number = 0;
};
using LobbyMessage = std::variant<QueueMessage, QueueAnswerMessage, ProbeMessage>;
using ClientMessage = std::variant<HelloMessage, CommandsMessage, LobbyMessage>;

/// Nothing unless the bytes pass the FlatBuffers verifier and the limits of game/wire.hpp. Whether
/// the commands are of the match's game, the match knows.
[[nodiscard]] std::optional<ClientMessage> decode_client_message(std::string_view bytes);

}  // namespace troupe::udp

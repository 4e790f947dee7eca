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
using ClientMessage = std::variant<HelloMessage, CommandsMessage>;

/// Nothing unless the bytes pass the FlatBuffers verifier and the limits of game/wire.hpp. Whether
/// the commands are of the match's game, the match knows.
[[nodiscard]] std::optional<ClientMessage> decode_client_message(std::string_view bytes);

}  // namespace troupe::udp

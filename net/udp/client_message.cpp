#include "net/udp/client_message.hpp"

#include "game/wire.hpp"
#include "schemas/game_generated.h"

namespace troupe::udp {
namespace {

std::optional<ClientMessage> decode_commands(const fbs::Commands& in) {
  CommandsMessage out{in.acked_tick(), in.epoch(), in.tables(), {}, {}};
  if (in.mismatch_tick() != 0) out.mismatch = {in.mismatch_tick(), in.mismatch_hash()};
  if (in.commands() == nullptr || in.commands()->size() > game::kMaxCommandsPerPacket)
    return std::nullopt;
  for (const auto* command : *in.commands()) {
    if (!out.commands.empty() && command->sequence() <= out.commands.back().sequence)
      return std::nullopt;
    out.commands.push_back(
        {command->sequence(),
         game::sanitise({command->move_x(), command->move_y(), command->aim(), command->fire()})});
  }
  return out;
}

}  // namespace

std::optional<ClientMessage> decode_client_message(std::string_view bytes) {
  if (bytes.size() > game::kMaxControlBytes) return std::nullopt;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size(), /*max_depth=*/8, /*max_tables=*/16);
  if (!verifier.VerifyBuffer<fbs::ClientMessage>(nullptr)) return std::nullopt;
  const auto* message = flatbuffers::GetRoot<fbs::ClientMessage>(data);
  if (const auto* hello = message->body_as_Hello(); hello != nullptr)
    return HelloMessage{hello->token()->str(), hello->resumed()};
  if (const auto* commands = message->body_as_Commands(); commands != nullptr) {
    return bytes.size() <= game::kMaxCommandBytes ? decode_commands(*commands) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace troupe::udp

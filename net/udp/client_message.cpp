#include "net/udp/client_message.hpp"

#include "game/wire.hpp"
#include "schemas/game_generated.h"

namespace troupe::udp {
namespace {

std::optional<ClientMessage> decode_commands(const fbs::Commands& in) {
  CommandsMessage out{in.acked_tick(), in.taken(), in.epoch(), in.tables(), {}, {}};
  if (in.mismatch_tick() != 0) out.mismatch = {in.mismatch_tick(), in.mismatch_hash()};
  const std::size_t bytes = in.commands() == nullptr ? 0 : in.commands()->size();
  if (bytes == 0) return out;
  const std::size_t each = in.size();
  if (each == 0 || each > game::PackedCommand::kMaxBytes || bytes % each != 0) return std::nullopt;
  const auto count = bytes / each;
  const auto last = std::uint64_t{in.first_sequence()} + count - 1;
  if (count > game::kMaxCommandsPerPacket || last > UINT32_MAX) return std::nullopt;
  const auto* at = reinterpret_cast<const char*>(in.commands()->data());
  for (std::size_t i = 0; i < count; ++i, at += each) {
    const auto sequence = in.first_sequence() + static_cast<std::uint32_t>(i);
    out.commands.push_back({sequence, game::PackedCommand({at, each})});
  }
  return out;
}

constexpr std::size_t kMostNames = 16;  ///< of a list in a lobby message

using Names = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::vector<std::string> names(const Names* in) {
  std::vector<std::string> out;
  if (in == nullptr) return out;
  for (const auto* name : *in) {
    if (out.size() > kMostNames) break;  // one too many: refused by who reads it
    out.push_back(name->str());
  }
  return out;
}

QueueMessage decode_queue(const fbs::Queue& in) {
  QueueMessage out{in.mode()->str(), {}, names(in.party()), names(in.roles()), in.auto_accept()};
  if (in.pings() == nullptr) return out;
  for (const auto* ping : *in.pings()) {
    if (out.pings.size() > kMostNames) break;
    out.pings.emplace_back(ping->region()->str(), ping->ms());
  }
  return out;
}

}  // namespace

std::optional<ClientMessage> decode_client_message(std::string_view bytes) {
  if (bytes.size() > game::kMaxControlBytes) return std::nullopt;
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  flatbuffers::Verifier verifier(data, bytes.size(), /*max_depth=*/8, /*max_tables=*/32);
  if (!verifier.VerifyBuffer<fbs::ClientMessage>(nullptr)) return std::nullopt;
  const auto* message = flatbuffers::GetRoot<fbs::ClientMessage>(data);
  if (const auto* hello = message->body_as_Hello(); hello != nullptr)
    return HelloMessage{hello->token()->str(), hello->resumed()};
  if (const auto* commands = message->body_as_Commands(); commands != nullptr) {
    return bytes.size() <= game::kMaxCommandBytes ? decode_commands(*commands) : std::nullopt;
  }
  if (const auto* queue = message->body_as_Queue(); queue != nullptr)
    return LobbyMessage(decode_queue(*queue));
  if (const auto* answer = message->body_as_QueueAnswer(); answer != nullptr)
    return LobbyMessage(
        QueueAnswerMessage{answer->accept(), names(answer->roles()), answer->auto_accept()});
  if (const auto* probe = message->body_as_Probe(); probe != nullptr)
    return LobbyMessage(ProbeMessage{probe->number()});
  return std::nullopt;
}

}  // namespace troupe::udp

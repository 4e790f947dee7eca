// Any bytes as a packet from a game client: what is taken keeps the limits of the protocol.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "game/arena/command.hpp"
#include "game/wire.hpp"
#include "net/udp/client_message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  const auto message = udp::decode_client_message({reinterpret_cast<const char*>(data), size});
  if (!message) return 0;
  assert(size <= game::kMaxControlBytes);
  const auto* commands = std::get_if<udp::CommandsMessage>(&*message);
  if (commands == nullptr) return 0;
  assert(commands->commands.size() <= game::kMaxCommandsPerPacket);
  for (std::size_t i = 0; i < commands->commands.size(); ++i) {
    const auto& one = commands->commands[i];
    assert(one.command.size > 0 && one.command.size <= game::PackedCommand::kMaxBytes);
    assert(i == 0 || one.sequence == commands->commands[i - 1].sequence + 1);
    if (const auto arena = game::verify_command(one.command.view()))
      assert(game::pack_command(game::unpack_command(*arena)) == *arena);
  }
  return 0;
}

// Any bytes as a packet from a game client: what is taken keeps the limits of the protocol.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

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
    assert(std::abs(one.command.move_x) <= 1 && std::abs(one.command.move_y) <= 1);
    assert(i == 0 || one.sequence > commands->commands[i - 1].sequence);
  }
  return 0;
}

// Any bytes as a command: what a game takes it can play, and takes again as it is.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/games_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::game;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto& game = fuzz::pick(bytes);
  const auto state = fuzz::played(game, 50);
  // As many commands as there are, one of each side in turn.
  while (!bytes.empty()) {
    const auto length = static_cast<unsigned char>(bytes.front()) % (PackedCommand::kMaxBytes + 2);
    bytes.remove_prefix(1);
    const auto part = bytes.substr(0, length);
    bytes.remove_prefix(part.size());
    auto command = game.verify(part);
    if (!command) continue;
    assert(game.verify(command->view()) == command);
    game.stamp(*command, size * 1'000);
    assert(game.verify(command->view()) == command);
    Commands commands{};
    commands[state->tick() % 2] = command;
    state->step(commands);
  }
  fuzz::assert_round_trip(game, *state);
  return 0;
}

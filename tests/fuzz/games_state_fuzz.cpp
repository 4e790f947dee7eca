// Any bytes as a state: what decodes is written down as the same, and can be played and shown.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "game/bytes.hpp"
#include "tests/fuzz/games_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::game;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto& game = fuzz::pick(bytes);
  const auto state = game.decode_state(bytes);
  if (!state) return 0;
  fuzz::assert_round_trip(game, *state);
  if (state->tick() > kMostTicks - 3) return 0;
  for (int i = 0; i < 3; ++i) state->step({});
  fuzz::assert_round_trip(game, *state);
  for (int slot = 0; slot < kMaxPlayers; ++slot) {
    if (state->taken(slot)) static_cast<void>(state->score(slot));
  }
  assert(!game.spectator_frame(*state).empty());
  assert(!game.describe(*state).empty());
  const auto lens = game.lens({});
  assert(lens->select(*state, game.show_all(*state), 0, nullptr, nullptr) != nullptr);
  return 0;
}

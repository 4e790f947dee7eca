// Any bytes as a match's tables: what unpacks packs to something that unpacks to the same.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "game/registry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::game;
  for (const auto* game : games()) {
    const auto model = game->model();
    if (!model->unpack({reinterpret_cast<const char*>(data), size})) continue;
    const auto packed = model->pack();
    const auto again = game->model();
    [[maybe_unused]] const bool unpacks = again->unpack(packed);
    assert(unpacks);
    assert(again->pack() == packed);
  }
  return 0;
}

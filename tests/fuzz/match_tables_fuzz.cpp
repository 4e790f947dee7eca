// Any bytes as a match's tables: what unpacks packs to something that unpacks to the same.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "game/tables.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::game;
  const auto model = unpack_model({reinterpret_cast<const char*>(data), size});
  if (!model) return 0;
  const auto packed = pack_model(*model);
  const auto again = unpack_model(packed);
  assert(again);
  assert(pack_model(*again) == packed);
  return 0;
}

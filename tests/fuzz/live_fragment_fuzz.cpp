// Any bytes as one binary message of a live server.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/fragment.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(troupe::sim::parse_fragment({reinterpret_cast<const char*>(data), size}));
  return 0;
}

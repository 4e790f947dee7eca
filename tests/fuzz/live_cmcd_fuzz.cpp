// Any bytes as CMCD of a query or a header.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/api/live/cmcd.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  troupe::api::Cmcd cmcd;
  troupe::api::read_cmcd({reinterpret_cast<const char*>(data), size}, cmcd);
  assert(cmcd.session_id.size() <= 64);
  return 0;
}

// Any bytes as an encoder's MPEG-TS.
#include "tests/fuzz/media_package_any.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  troupe::fuzz::package_any({data, size}, troupe::media::Container::mpegts);
  return 0;
}

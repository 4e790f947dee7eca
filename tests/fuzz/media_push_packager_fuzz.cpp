// Any bytes as a publisher's fragmented MP4 or WebM, told apart by the first byte.
#include "tests/fuzz/media_package_any.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::media::Container;
  if (size == 0) return 0;
  troupe::fuzz::package_any({data + 1, size - 1},
                            data[0] == 'w' ? Container::webm : Container::fragmented_mp4);
  return 0;
}

// Access units of any bytes: what is read of captions is whole triplets and no more than there is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "media/captions/cc_data.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using troupe::media::NalSyntax;
  for (const auto syntax : {NalSyntax::h264, NalSyntax::hevc}) {
    for (std::size_t length_bytes = 0; length_bytes <= 5; ++length_bytes) {
      const auto out = troupe::media::closed_captions({data, size}, length_bytes, syntax);
      if (out.size() % 3 != 0 || out.size() > size) std::abort();
    }
  }
  return 0;
}

// Any bytes as the `cc_data` triplets of pictures, 31 at a time: CEA-708 and the channels of
// CEA-608.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "media/captions/dtvcc.hpp"
#include "media/captions/line21.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe::media;
  constexpr std::size_t kPicture = 31 * 3;
  DtvccReader reader;
  Line21 line;
  for (std::size_t at = 0; at < size; at += kPicture) {
    const std::span<const std::uint8_t> triplets(data + at, std::min(kPicture, size - at));
    for (const auto& shown : reader.read(triplets)) {
      assert(shown.service >= 1 && shown.service <= kDtvccServices);
      assert(shown.text.size() < 8U * 16 * 43 * 3);
    }
    for (const auto& channel : line.split(triplets)) assert(channel.size() % 3 == 0);
  }
  return 0;
}

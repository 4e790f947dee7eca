#include "media/opus.hpp"

#include <array>

namespace troupe::media {

int opus_samples(std::span<const std::uint8_t> packet) noexcept {
  if (packet.empty()) return 0;
  const unsigned config = packet[0] >> 3, code = packet[0] & 3U;
  // Table 2: SILK 10 to 60 ms, hybrid 10 and 20 ms, CELT 2.5 to 20 ms.
  constexpr std::array<int, 4> kSilk{480, 960, 1920, 2880}, kCelt{120, 240, 480, 960};
  constexpr unsigned kFirstHybrid = 12, kFirstCelt = 16;
  const int frame = config < kFirstHybrid ? kSilk[config % 4]
                    : config < kFirstCelt ? kSilk[config % 2]
                                          : kCelt[config % 4];
  int frames = code == 0 ? 1 : 2;
  if (code == 3) frames = packet.size() < 2 ? 0 : packet[1] & 0x3F;
  constexpr int kLongest = 5'760;  // 120 ms
  return frames * frame > kLongest ? 0 : frames * frame;
}

}  // namespace troupe::media

#include "game/trig.hpp"

#include <array>
#include <cstddef>

namespace troupe::game {
namespace {

/// A quarter of the circle; the rest follows by symmetry. round(1024 · sin(i · π/128)).
constexpr std::array<std::int16_t, 65> kQuarterSine = {
    0,   25,  50,  75,  100, 125,  150,  175,  200,  224,  249,  273,  297,  321,  345, 369, 392,
    415, 438, 460, 483, 505, 526,  548,  569,  590,  610,  630,  650,  669,  688,  706, 724, 742,
    759, 775, 792, 807, 822, 837,  851,  865,  878,  891,  903,  915,  926,  936,  946, 955, 964,
    972, 980, 987, 993, 999, 1004, 1009, 1013, 1016, 1019, 1021, 1023, 1024, 1024,
};

}  // namespace

Length sine(std::uint8_t aim) noexcept {
  const int phase = aim & 63;
  switch (aim >> 6) {
    case 0:
      return kQuarterSine[static_cast<std::size_t>(phase)];
    case 1:
      return kQuarterSine[static_cast<std::size_t>(64 - phase)];
    case 2:
      return -kQuarterSine[static_cast<std::size_t>(phase)];
    default:
      return -kQuarterSine[static_cast<std::size_t>(64 - phase)];
  }
}

}  // namespace troupe::game

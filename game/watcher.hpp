// What a game tells of how its players play.
#pragma once

#include <cstdint>

namespace troupe::game {

struct Notice {
  enum class What : std::uint8_t {
    shot,      ///< at somebody in sight who is not near; `value`: 1 it hit, 0 it did not
    aimed,     ///< fired at somebody in sight; `value`: by how much the aim jumped for it within a
               ///< tick, of 256 a circle
    reaction,  ///< the first time since the target came into sight; `value`: ticks that it took
    seen,      ///< a shot said when it saw its target; `value`: 1 if nobody was shown that yet
  };
  std::uint8_t slot = 0;
  What what = What::shot;
  std::uint16_t value = 0;
  std::uint32_t tick = 0;
  friend bool operator==(const Notice&, const Notice&) = default;
};

}  // namespace troupe::game

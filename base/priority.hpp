// What is refused first when there is more to do than can be done.
#pragma once

#include <cstdint>

namespace troupe {

enum class Priority : std::uint8_t {
  vital,   ///< health, metrics, operators, and bids, which come with a deadline of their own
  normal,  ///< somebody waits for it
  bulk     ///< lists, exports, backups: can come again later
};

}  // namespace troupe

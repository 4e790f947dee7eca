// What a viewer can check of a CMAF message without decoding it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace troupe::sim {

struct Fragment {
  bool init = false;              ///< `moov`; else `moof`+`mdat`
  std::uint32_t track = 0;        ///< of an init: its first
  std::uint32_t sequence = 0;     ///< of `mfhd`
  std::uint64_t decode_time = 0;  ///< of `tfdt`, in the track's timescale
  std::uint64_t duration = 0;     ///< of all samples; 0: it does not say
  std::int64_t wall_us = 0;       ///< Unix time of `prft`; 0: none
  // Of an init only:
  std::uint32_t timescale = 0;
  bool video = false;
};

/// Errors: corrupt, with what is wrong (ISO/IEC 14496-12). Any bytes are fine as input.
[[nodiscard]] Result<Fragment> parse_fragment(std::string_view bytes);

}  // namespace troupe::sim

// Closed captions (CEA-608, CEA-708) in pictures, as ATSC A/53 part 4 puts them there. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace troupe::media {

enum class NalSyntax : std::uint8_t { h264, hevc };

/// The `cc_data` triplets (CTA-708 section 4.4) in the SEI messages of an access unit whose NAL
/// units stand behind lengths of `length_bytes` (1 to 4). Any bytes are fine as input.
[[nodiscard]] std::string closed_captions(std::span<const std::uint8_t> access_unit,
                                          std::size_t length_bytes, NalSyntax syntax);

}  // namespace troupe::media

// What an Opus packet says of itself.
#pragma once

#include <cstdint>
#include <span>

namespace troupe::media {

/// Samples at 48 kHz in one packet (RFC 6716, section 3.1); 0: it is none.
[[nodiscard]] int opus_samples(std::span<const std::uint8_t> packet) noexcept;

}  // namespace troupe::media

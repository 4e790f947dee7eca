#include "media/codec_string.hpp"

#include <fmt/format.h>

namespace troupe::media {
namespace {

constexpr unsigned kNalTypeMask = 0x1f, kSequenceParameterSet = 7;

std::string avc1(std::uint8_t profile, std::uint8_t constraints, std::uint8_t level) {
  return fmt::format("avc1.{:02x}{:02x}{:02x}", profile, constraints, level);
}

}  // namespace

std::optional<std::string> avc_codec_string(std::span<const std::uint8_t> data) {
  if (data.size() >= 4 && data[0] == 1) return avc1(data[1], data[2], data[3]);
  for (std::size_t i = 0; i + 6 < data.size(); ++i) {
    const bool start = data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1;
    if (start && (data[i + 3] & kNalTypeMask) == kSequenceParameterSet)
      return avc1(data[i + 4], data[i + 5], data[i + 6]);
  }
  return std::nullopt;
}

std::optional<std::string> aac_codec_string(std::span<const std::uint8_t> config) {
  if (config.size() < 2) return std::nullopt;
  unsigned type = config[0] >> 3;
  if (type == 31) type = 32 + (((config[0] & 7U) << 3) | (config[1] >> 5));  // escape value
  if (type == 0) return std::nullopt;
  return fmt::format("mp4a.40.{}", type);
}

}  // namespace troupe::media

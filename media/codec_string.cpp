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

std::optional<std::string> hevc_codec_string(std::span<const std::uint8_t> config) {
  constexpr std::size_t kConstraints = 6, kLevel = 12;
  if (config.size() <= kLevel || config[0] != 1) return std::nullopt;
  std::uint32_t compatible = 0;  // its bits the other way round
  for (unsigned bit = 0; bit < 32; ++bit)
    compatible |= (config[2 + bit / 8] >> (7 - bit % 8) & 1U) << bit;
  auto out = std::string("hvc1.");
  if (const unsigned space = config[1] >> 6; space > 0) out += static_cast<char>('A' + space - 1);
  out += fmt::format("{}.{:X}.{}{}", config[1] & 0x1FU, compatible,
                     (config[1] & 0x20U) != 0 ? 'H' : 'L', config[kLevel]);
  auto end = kLevel;
  while (end > kConstraints && config[end - 1] == 0) --end;
  for (auto i = kConstraints; i < end; ++i) out += fmt::format(".{:X}", config[i]);
  return out;
}

std::optional<std::string> av1_codec_string(std::span<const std::uint8_t> config) {
  constexpr std::uint8_t kMarkerAndVersion = 0x81;
  if (config.size() < 4 || config[0] != kMarkerAndVersion) return std::nullopt;
  const bool high = (config[2] & 0x40U) != 0, twelve = (config[2] & 0x20U) != 0;
  return fmt::format("av01.{}.{:02}{}.{:02}", config[1] >> 5, config[1] & 0x1FU,
                     (config[2] & 0x80U) != 0 ? 'H' : 'M',
                     !high    ? 8
                     : twelve ? 12
                              : 10);
}

std::optional<std::string> vp9_codec_string(std::string_view init) {
  constexpr std::size_t kName = 4, kFullBox = 4, kNeeded = 3;
  const auto at = init.find("vpcC");
  if (at == std::string_view::npos || init.size() < at + kName + kFullBox + kNeeded)
    return std::nullopt;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint8_t>(init[at + kName + kFullBox + i]);
  };
  return fmt::format("vp09.{:02}.{:02}.{:02}", byte(0), byte(1), byte(2) >> 4);
}

std::optional<std::string> aac_codec_string(std::span<const std::uint8_t> config) {
  if (config.size() < 2) return std::nullopt;
  unsigned type = config[0] >> 3;
  if (type == 31) type = 32 + (((config[0] & 7U) << 3) | (config[1] >> 5));  // escape value
  if (type == 0) return std::nullopt;
  return fmt::format("mp4a.40.{}", type);
}

}  // namespace troupe::media

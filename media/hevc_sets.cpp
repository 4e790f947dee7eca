#include "media/hevc_sets.hpp"

#include <algorithm>

namespace troupe::media {
namespace {

// nal_unit_type, table 7-1: what is below 32 is of slices.
constexpr unsigned kVideoSet = 32, kPictureSet = 34;
constexpr std::size_t kStartCode = 3;

/// Where the next start code begins; the end when there is none.
std::size_t start_code(std::span<const std::uint8_t> bytes, std::size_t at) {
  for (; at + kStartCode <= bytes.size(); ++at)
    if (bytes[at] == 0 && bytes[at + 1] == 0 && bytes[at + 2] == 1) return at;
  return bytes.size();
}

}  // namespace

std::set<std::string> hevc_parameter_sets(std::span<const std::uint8_t> annex_b) {
  std::set<std::string> out;
  auto at = start_code(annex_b, 0);
  while (at + kStartCode < annex_b.size()) {
    const auto begin = at + kStartCode;
    const auto type = annex_b[begin] >> 1 & 0x3FU;
    if (type < kVideoSet) return out;
    at = start_code(annex_b, begin);
    auto end = std::min(at, annex_b.size());
    while (end > begin && annex_b[end - 1] == 0) --end;  // trailing_zero_8bits
    if (type <= kPictureSet)
      out.emplace(annex_b.begin() + static_cast<std::ptrdiff_t>(begin),
                  annex_b.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return out;
}

}  // namespace troupe::media

#include "media/captions/cc_data.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace troupe::media {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr unsigned kUserDataT35 = 4;  // ITU-T H.264 section D.1
/// country United States, provider ATSC, "GA94", cc_data (A/53 part 4 section 6.2.3)
constexpr std::array<std::uint8_t, 8> kHead{0xB5, 0x00, 0x31, 'G', 'A', '9', '4', 3};
constexpr std::uint8_t kProcess = 0x40, kCountMask = 0x1F;
constexpr std::size_t kTriplet = 3, kFlagBytes = 2;

/// Bytes of header when the unit is supplemental enhancement information before a picture; else 0.
std::size_t sei_header(Bytes nal, NalSyntax syntax) {
  constexpr unsigned kH264Sei = 6, kHevcPrefixSei = 39;
  if (nal.size() < 3) return 0;
  if (syntax == NalSyntax::h264) return (nal[0] & 0x1FU) == kH264Sei ? 1 : 0;
  return (nal[0] >> 1 & 0x3FU) == kHevcPrefixSei ? 2 : 0;
}

/// Without the bytes that keep start codes out (H.264 section 7.4.1).
std::vector<std::uint8_t> unescape(Bytes nal) {
  std::vector<std::uint8_t> out;
  out.reserve(nal.size());
  int zeros = 0;
  for (const auto byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    out.push_back(byte);
  }
  return out;
}

/// A number in units of 255, as SEI writes types and sizes; false at the end of the bytes.
bool read_sum(Bytes bytes, std::size_t& at, std::size_t& out) {
  out = 0;
  for (; at < bytes.size(); ++at) {
    out += bytes[at];
    if (bytes[at] != 0xFF) return ++at, true;
  }
  return false;
}

void append_triplets(Bytes payload, std::string& out) {
  if (payload.size() < kHead.size() + kFlagBytes ||
      !std::equal(kHead.begin(), kHead.end(), payload.begin()))
    return;
  const auto flags = payload[kHead.size()];
  if ((flags & kProcess) == 0) return;
  const auto triplets = payload.subspan(kHead.size() + kFlagBytes);
  const auto size =
      std::min<std::size_t>((flags & kCountMask) * kTriplet, triplets.size() / kTriplet * kTriplet);
  out.append(reinterpret_cast<const char*>(triplets.data()), size);
}

void read_sei(Bytes nal, std::string& out) {
  const auto bytes = unescape(nal);
  std::size_t at = 0, type = 0, size = 0;
  while (read_sum(bytes, at, type) && read_sum(bytes, at, size) && size <= bytes.size() - at) {
    if (type == kUserDataT35) append_triplets(Bytes(bytes).subspan(at, size), out);
    at += size;
  }
}

}  // namespace

std::string closed_captions(Bytes unit, std::size_t length_bytes, NalSyntax syntax) {
  std::string out;
  if (length_bytes < 1 || length_bytes > 4) return out;
  while (unit.size() > length_bytes) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) size = size << 8 | unit[i];
    unit = unit.subspan(length_bytes);
    if (size > unit.size()) return out;
    const auto nal = unit.first(size);
    if (const auto header = sei_header(nal, syntax); header > 0) read_sei(nal.subspan(header), out);
    unit = unit.subspan(size);
  }
  return out;
}

}  // namespace troupe::media

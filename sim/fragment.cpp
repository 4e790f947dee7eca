#include "sim/fragment.hpp"

#include <string>

namespace troupe::sim {
namespace {

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
  if (at + size > bytes.size()) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Calls visit(type, content) for each box; false when the sizes do not add up.
template <class F>
bool each_box(std::string_view bytes, F visit) {
  while (!bytes.empty()) {
    if (bytes.size() < 8) return false;
    std::uint64_t size = number(bytes, 0, 4);
    std::size_t header = 8;
    if (size == 1) {
      if (bytes.size() < 16) return false;
      size = number(bytes, 8, 8);
      header = 16;
    }
    if (size < header || size > bytes.size()) return false;
    visit(bytes.substr(4, 4), bytes.substr(header, size - header));
    bytes.remove_prefix(size);
  }
  return true;
}

void read_traf(std::string_view traf, Fragment& out, bool& fine) {
  fine = each_box(traf,
                  [&](std::string_view type, std::string_view box) {
                    if (type == "tfhd") out.track = static_cast<std::uint32_t>(number(box, 4, 4));
                    if (type == "tfdt")
                      out.decode_time =
                          number(box, 0, 1) == 1 ? number(box, 4, 8) : number(box, 4, 4);
                  }) &&
         fine;
}

/// NTP time (RFC 5905) to Unix microseconds.
std::int64_t from_ntp(std::uint64_t ntp) {
  constexpr std::int64_t kNtpToUnix = 2'208'988'800;
  const auto seconds = static_cast<std::int64_t>(ntp >> 32) - kNtpToUnix;
  return seconds * 1'000'000 + static_cast<std::int64_t>((ntp & 0xFFFFFFFFU) * 1'000'000 >> 32);
}

}  // namespace

Result<Fragment> parse_fragment(std::string_view bytes) {
  Fragment out;
  bool moof = false, mdat = false, fine = true, order = true;
  const bool whole = each_box(bytes, [&](std::string_view type, std::string_view box) {
    if (type == "moov") out.init = true;
    if (type == "prft") out.wall_us = from_ntp(number(box, 8, 8));
    if (type == "mdat") order = order && moof, mdat = true;
    if (type != "moof") return;
    moof = true;
    fine = each_box(box,
                    [&](std::string_view inner, std::string_view content) {
                      if (inner == "mfhd")
                        out.sequence = static_cast<std::uint32_t>(number(content, 4, 4));
                      if (inner == "traf") read_traf(content, out, fine);
                    }) &&
           fine;
  });
  if (!whole || !fine) return error(ErrorCode::corrupt, "box sizes do not add up");
  if (!out.init && (!moof || !mdat || !order))
    return error(ErrorCode::corrupt, "neither moov nor moof and mdat");
  if (!out.init && out.track == 0) return error(ErrorCode::corrupt, "no tfhd");
  return out;
}

}  // namespace troupe::sim

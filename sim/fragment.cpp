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

/// The durations of all samples (ISO/IEC 14496-12 section 8.8.8); `usual` is that of tfhd.
std::uint64_t duration_of(std::string_view trun, std::uint64_t usual) {
  const auto flags = number(trun, 1, 3);
  const auto samples = number(trun, 4, 4);
  if ((flags & 0x100) == 0) return samples * usual;
  const std::size_t first = 8 + ((flags & 0x1) != 0 ? 4U : 0U) + ((flags & 0x4) != 0 ? 4U : 0U);
  std::size_t each = 0;
  for (const auto bit : {0x100U, 0x200U, 0x400U, 0x800U}) each += (flags & bit) != 0 ? 4 : 0;
  if (first + samples * each > trun.size()) return 0;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < samples; ++i) sum += number(trun, first + i * each, 4);
  return sum;
}

/// The usual duration of a sample (section 8.8.7): after the optional fields before it.
std::uint64_t usual_duration(std::string_view tfhd) {
  const auto flags = number(tfhd, 1, 3);
  if ((flags & 0x8) == 0) return 0;
  return number(tfhd, 8 + ((flags & 0x1) != 0 ? 8U : 0U) + ((flags & 0x2) != 0 ? 4U : 0U), 4);
}

void read_traf(std::string_view traf, Fragment& out, bool& fine) {
  std::uint64_t usual = 0;
  fine = each_box(traf,
                  [&](std::string_view type, std::string_view box) {
                    if (type == "tfhd") {
                      out.track = static_cast<std::uint32_t>(number(box, 4, 4));
                      usual = usual_duration(box);
                    }
                    if (type == "tfdt")
                      out.decode_time =
                          number(box, 0, 1) == 1 ? number(box, 4, 8) : number(box, 4, 4);
                    if (type == "trun") out.duration += duration_of(box, usual);
                  }) &&
         fine;
}

/// What is known of a `trak`, and of the `mdia` in it.
void read_trak(std::string_view trak, Fragment& out, bool& fine) {
  fine = each_box(trak,
                  [&](std::string_view type, std::string_view box) {
                    const auto late = number(box, 0, 1) == 1 ? 8U : 0U;  // version 1: longer times
                    if (type == "tkhd" && out.track == 0)
                      out.track = static_cast<std::uint32_t>(number(box, 12 + late, 4));
                    if (type == "mdhd" && out.timescale == 0)
                      out.timescale = static_cast<std::uint32_t>(number(box, 12 + late, 4));
                    if (type == "hdlr")
                      out.video = out.video || box.substr(0, 12).ends_with("vide");
                    if (type == "mdia") read_trak(box, out, fine);
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
    if (type == "moov") {
      out.init = true;
      fine = each_box(box,
                      [&](std::string_view inner, std::string_view content) {
                        if (inner == "trak") read_trak(content, out, fine);
                      }) &&
             fine;
    }
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

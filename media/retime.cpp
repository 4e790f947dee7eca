#include "media/retime.hpp"

#include <string_view>

namespace troupe::media {
namespace {

std::uint64_t read_number(const std::string& bytes, std::size_t at, unsigned size) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

void write_number(std::string& bytes, std::size_t at, unsigned size, std::uint64_t value) {
  for (unsigned i = 0; i < size; ++i)
    bytes[at + i] = static_cast<char>(value >> (8 * (size - 1 - i)));
}

/// The boxes of ISO/IEC 14496-12 that hold times: `tfdt` in `moof`/`traf`, and `prft`.
class Mover {
 public:
  Mover(std::string& bytes, std::int64_t ticks, std::uint32_t fragment)
      : bytes_(bytes), ticks_(ticks), fragment_(fragment) {}

  bool run() { return boxes(0, bytes_.size()) && moved_; }

 private:
  bool boxes(std::size_t at, std::size_t end) {
    constexpr std::size_t kHeader = 8;
    while (at < end) {
      if (end - at < kHeader) return false;
      const auto size = read_number(bytes_, at, 4);
      const auto type = std::string_view(bytes_).substr(at + 4, 4);
      if (type == "mdat") return true;  // the last, and the only one that may be large
      if (size < kHeader || size > end - at) return false;
      const auto payload = at + kHeader, box_end = at + static_cast<std::size_t>(size);
      if (!box(type, payload, box_end)) return false;
      at = box_end;
    }
    return true;
  }

  bool box(std::string_view type, std::size_t at, std::size_t end) {
    constexpr std::size_t kFull = 4;
    if (type == "moof" || type == "traf") return boxes(at, end);
    if (type == "mfhd") {
      if (end - at < kFull + 4) return false;
      write_number(bytes_, at + kFull, 4, fragment_);
    } else if (type == "tfdt") {
      moved_ = true;
      return move(at + kFull, bytes_[at] == 1, end);
    } else if (type == "prft") {
      constexpr std::size_t kTrackAndNtp = 12;
      return move(at + kFull + kTrackAndNtp, bytes_[at] == 1, end);
    }
    return true;
  }

  bool move(std::size_t at, bool wide, std::size_t end) {
    const unsigned size = wide ? 8 : 4;
    if (at + size > end) return false;
    const auto time = static_cast<std::int64_t>(read_number(bytes_, at, size)) + ticks_;
    if (time < 0 || (!wide && time > UINT32_MAX)) return false;
    write_number(bytes_, at, size, static_cast<std::uint64_t>(time));
    return true;
  }

  std::string& bytes_;
  const std::int64_t ticks_;
  const std::uint32_t fragment_;
  bool moved_ = false;
};

}  // namespace

Result<std::string> retime_chunk(const std::string& bytes, std::int64_t ticks,
                                 std::uint32_t fragment) {
  auto out = bytes;
  if (!Mover(out, ticks, fragment).run())
    return error(ErrorCode::corrupt, "the chunk's times cannot be moved");
  return out;
}

}  // namespace troupe::media

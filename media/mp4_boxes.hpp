// Boxes of an MP4 (ISO/IEC 14496-12, section 4.2) that is in memory. Only for this room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace troupe::media {

[[nodiscard]] constexpr std::uint32_t box_type(const char (&name)[5]) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(name[0])) << 24 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[1])) << 16 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[2])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(name[3]));
}

/// Big-endian numbers; beyond the end all are 0 and `short_of` is true.
class BoxReader {
 public:
  explicit BoxReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(unsigned size) {
    if (bytes_.size() - at_ < size) {
      short_of_ = true;
      at_ = bytes_.size();
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value = value << 8 | static_cast<std::uint8_t>(bytes_[at_++]);
    return value;
  }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::int32_t i32() { return static_cast<std::int32_t>(u32()); }
  std::uint64_t u64() { return number(8); }
  void skip(std::size_t size) {
    short_of_ = short_of_ || bytes_.size() - at_ < size;
    at_ += std::min(size, bytes_.size() - at_);
  }
  [[nodiscard]] bool short_of() const noexcept { return short_of_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }
  std::string_view take(std::uint64_t size) {
    const auto at = at_;
    skip(static_cast<std::size_t>(std::min<std::uint64_t>(size, SIZE_MAX)));
    return bytes_.substr(at, at_ - at);
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool short_of_ = false;
};

/// "MP4: a broken {box}".
[[nodiscard]] Error broken_box(const char* box);

/// `payload` points into what is visited.
using VisitBox = std::function<Result<void>(std::uint32_t type, std::string_view payload)>;

/// The boxes that stand one behind the other in `bytes`. Errors: corrupt, and what `visit` says.
[[nodiscard]] Result<void> each_box(std::string_view bytes, const VisitBox& visit);

inline constexpr std::size_t kBoxHeaderBytes = 8;

/// Version and flags of a full box.
struct FullBox {
  std::uint8_t version;
  std::uint32_t flags;
};
[[nodiscard]] FullBox read_full_box(BoxReader& reader);

}  // namespace troupe::media

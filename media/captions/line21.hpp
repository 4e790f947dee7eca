// The four channels of CEA-608, which two fields carry by turns. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace troupe::media {

/// Takes the byte pairs of CC1 to CC4 apart (CTA-608 section 4): a control code names its channel,
/// and text belongs to the channel of the last one. Not thread-safe.
class Line21 {
 public:
  /// The `cc_data` triplets of one picture; each channel's come out as if they were CC1's.
  std::array<std::string, 4> split(std::span<const std::uint8_t> triplets);

 private:
  /// Of each field: 0 or 1, or what is no caption (extended data, section 8.6).
  static constexpr int kOther = -1;
  std::array<int, 2> channel_{kOther, kOther};
};

}  // namespace troupe::media

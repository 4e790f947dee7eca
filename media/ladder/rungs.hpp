// Which renditions to make of a picture. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::media {

/// One rendition that the operator asks for: "360p:500k".
struct Rung {
  std::string name;  ///< "360p"; "360p-500k" when there are two of that height
  int height = 0;
  int kbit_per_s = 0;

  friend bool operator==(const Rung&, const Rung&) = default;
};

inline constexpr std::size_t kMaxRungs = 8;

/// Reads `live.ladder`: "720p:1500k,360p:500k", highest first in the result. Empty text: no rungs.
/// Errors: invalid_argument.
[[nodiscard]] Result<std::vector<Rung>> parse_ladder(std::string_view text);

/// Reads `live.ladder_audio`: "96k", 32 to 512. Empty text: 0, none. Errors: invalid_argument.
[[nodiscard]] Result<int> parse_ladder_audio(std::string_view text);

struct Size {
  int width = 0, height = 0;
  friend auto operator<=>(const Size&, const Size&) = default;
};

/// The rung's size for a picture of `source`, its shape kept, both even as 4:2:0 wants it.
[[nodiscard]] Size scaled(const Rung& rung, Size source) noexcept;

/// Those that are not larger than the source.
[[nodiscard]] std::vector<Rung> usable(const std::vector<Rung>& ladder, Size source);

}  // namespace troupe::media

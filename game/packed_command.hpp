// A command as it travels and is logged. What its bytes mean is the game's business.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::game {

struct PackedCommand {
  static constexpr std::size_t kMaxBytes = 15;

  PackedCommand() = default;
  explicit PackedCommand(std::string_view from) : size(static_cast<std::uint8_t>(from.size())) {
    assert(from.size() <= kMaxBytes);
    std::ranges::copy(from, bytes.begin());
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }

  std::uint8_t size = 0;
  std::array<std::uint8_t, kMaxBytes> bytes{};  ///< beyond `size`: zeros
  friend bool operator==(const PackedCommand&, const PackedCommand&) = default;
};

}  // namespace troupe::game

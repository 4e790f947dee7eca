// Seasons: when a leaderboard starts anew. Pure, in UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::leaderboard {

enum class Reset : std::uint8_t { never, daily, weekly, monthly };
[[nodiscard]] std::string_view to_string(Reset reset) noexcept;
[[nodiscard]] std::optional<Reset> parse_reset(std::string_view name) noexcept;

/// Seasons change at `hour` o'clock UTC: each day, each Monday, or each first day of a month.
struct Schedule {
  Reset reset = Reset::never;
  std::uint8_t hour = 0;  ///< 0 to 23
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

struct Season {
  /// Counts from 1970: days, weeks or months; 0 for a board that never resets.
  std::uint32_t number = 0;
  std::uint64_t start_ms = 0;
  std::uint64_t end_ms = 0;  ///< the next one's start; 0: never
  friend bool operator==(const Season&, const Season&) = default;
};

/// The season in which Unix time `now_ms` falls.
[[nodiscard]] Season season_at(const Schedule& schedule, std::uint64_t now_ms) noexcept;
/// The season with this number.
[[nodiscard]] Season season_numbered(const Schedule& schedule, std::uint32_t number) noexcept;

}  // namespace troupe::leaderboard

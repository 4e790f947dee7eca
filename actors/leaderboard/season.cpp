#include "actors/leaderboard/season.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace troupe::leaderboard {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 4> kNames{"never", "daily", "weekly", "monthly"};
constexpr std::uint64_t kHourMs = 3'600'000, kDayMs = 24 * kHourMs;
/// Unix time began on a Thursday; the first Monday was four days later.
constexpr std::uint64_t kFirstMondayDay = 4;

/// The first day of the month, counted from January 1970, in days since then.
std::uint64_t month_day(std::uint32_t month) {
  const chrono::year_month_day first{chrono::year(1970 + static_cast<int>(month / 12)),
                                     chrono::month(month % 12 + 1), chrono::day(1)};
  return static_cast<std::uint64_t>(chrono::sys_days(first).time_since_epoch().count());
}

std::uint32_t month_of(std::uint64_t day) {
  const chrono::year_month_day date{chrono::sys_days(chrono::days(day))};
  return static_cast<std::uint32_t>(static_cast<int>(date.year()) - 1970) * 12 +
         static_cast<unsigned>(date.month()) - 1;
}

std::uint64_t first_day(Reset reset, std::uint32_t number) {
  switch (reset) {
    case Reset::daily:
      return number;
    case Reset::weekly:  // the days before the first Monday are week 0
      return number == 0 ? 0 : kFirstMondayDay + (number - 1ULL) * 7;
    case Reset::monthly:
      return month_day(number);
    case Reset::never:
      break;
  }
  return 0;
}

}  // namespace

std::string_view to_string(Reset reset) noexcept {
  return kNames[static_cast<std::size_t>(reset)];
}

std::optional<Reset> parse_reset(std::string_view name) noexcept {
  const auto it = std::ranges::find(kNames, name);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Reset>(it - kNames.begin());
}

Season season_numbered(const Schedule& schedule, std::uint32_t number) noexcept {
  if (schedule.reset == Reset::never) return {};
  const auto shift = schedule.hour * kHourMs;
  const auto start = [&](std::uint32_t n) { return first_day(schedule.reset, n) * kDayMs + shift; };
  return {number, number == 0 ? 0 : start(number), start(number + 1)};
}

Season season_at(const Schedule& schedule, std::uint64_t now_ms) noexcept {
  const auto shift = schedule.hour * kHourMs;
  const auto day = (now_ms < shift ? 0 : now_ms - shift) / kDayMs;
  switch (schedule.reset) {
    case Reset::daily:
      return season_numbered(schedule, static_cast<std::uint32_t>(day));
    case Reset::weekly:
      return season_numbered(
          schedule,
          day < kFirstMondayDay ? 0 : static_cast<std::uint32_t>((day - kFirstMondayDay) / 7 + 1));
    case Reset::monthly:
      return season_numbered(schedule, month_of(day));
    case Reset::never:
      break;
  }
  return {};
}

}  // namespace troupe::leaderboard

// Numbers and times as playlists and manifests write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::media {

/// 1'500'000 → "1.500" with three digits.
[[nodiscard]] std::string seconds_text(std::int64_t us, int digits);
/// ISO 8601 with milliseconds, UTC: "2026-01-31T12:00:00.250Z".
[[nodiscard]] std::string date_time_text(std::int64_t unix_us);
/// For attribute values.
[[nodiscard]] std::string xml_escape(std::string_view text);

}  // namespace troupe::media

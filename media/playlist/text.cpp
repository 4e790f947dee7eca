#include "media/playlist/text.hpp"

#include <cstdio>
#include <ctime>

namespace troupe::media {

std::string seconds_text(std::int64_t us, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, static_cast<double>(us) / 1e6);
  return text;
}

std::string date_time_text(std::int64_t unix_us) {
  const std::time_t whole = unix_us / 1'000'000;
  std::tm utc{};
  gmtime_r(&whole, &utc);
  char text[40];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text + length, sizeof text - length, ".%03dZ",
                static_cast<int>(unix_us / 1'000 % 1'000));
  return text;
}

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace troupe::media

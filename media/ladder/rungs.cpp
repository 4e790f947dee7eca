#include "media/ladder/rungs.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace troupe::media {
namespace {

constexpr int kMinHeight = 90, kMaxHeight = 2'160;
constexpr int kMinKbit = 50, kMaxKbit = 50'000;
constexpr int kMinSoundKbit = 32, kMaxSoundKbit = 512;

/// "360p" with unit 'p' gives 360.
std::optional<int> number_with(std::string_view text, char unit, int least, int most) {
  if (text.empty() || text.back() != unit) return std::nullopt;
  text.remove_suffix(1);
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < least || value > most)
    return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::vector<Rung>> parse_ladder(std::string_view text) {
  std::vector<Rung> out;
  text = trim(text);
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto one = trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const auto colon = one.find(':');
    const auto height = number_with(one.substr(0, colon), 'p', kMinHeight, kMaxHeight);
    const auto kbit = colon == std::string_view::npos
                          ? std::nullopt
                          : number_with(one.substr(colon + 1), 'k', kMinKbit, kMaxKbit);
    if (!height || !kbit) {
      return error(ErrorCode::invalid_argument,
                   "a rung is a height of 90 to 2160 and a rate of 50 to 50000, as 360p:500k");
    }
    out.push_back({std::to_string(*height) + "p", *height / 2 * 2, *kbit});
  }
  if (out.size() > kMaxRungs)
    return error(ErrorCode::invalid_argument, "more than 8 rungs of the ladder");
  std::ranges::sort(out, [](const Rung& a, const Rung& b) {
    return a.height != b.height ? a.height > b.height : a.kbit_per_s > b.kbit_per_s;
  });
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i].height != out[i - 1].height) continue;
    if (out[i].kbit_per_s == out[i - 1].kbit_per_s)
      return error(ErrorCode::invalid_argument, "two equal rungs of the ladder");
    out[i].name += "-" + std::to_string(out[i].kbit_per_s) + "k";
  }
  return out;
}

Result<int> parse_ladder_audio(std::string_view text) {
  text = trim(text);
  if (text.empty()) return 0;
  const auto kbit = number_with(text, 'k', kMinSoundKbit, kMaxSoundKbit);
  if (!kbit) return error(ErrorCode::invalid_argument, "a rate of 32 to 512, as 96k");
  return *kbit;
}

Size scaled(const Rung& rung, Size source) noexcept {
  if (source.height <= 0) return {};
  const auto exact = std::int64_t{source.width} * rung.height / source.height;
  return {std::max(2, static_cast<int>((exact + 1) / 2 * 2)), rung.height};
}

std::vector<Rung> usable(const std::vector<Rung>& ladder, Size source) {
  auto out = ladder;
  std::erase_if(out, [&](const Rung& rung) { return rung.height > source.height; });
  return out;
}

}  // namespace troupe::media

#include "sim/hls_playlist.hpp"

#include <charconv>
#include <vector>

namespace troupe::sim {
namespace {

/// Calls `visit` with each line, without its end.
template <class Visit>
void each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) visit(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

/// The value of an attribute (section 4.2); empty: it is not there.
std::string attribute(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const auto equals = list.find('=');
    if (equals == std::string_view::npos) return {};
    const auto key = list.substr(0, equals);
    list.remove_prefix(equals + 1);
    const bool quoted = list.starts_with('"');
    const auto end = quoted ? list.find('"', 1) : list.find(',');
    const auto value = quoted ? list.substr(1, end == std::string_view::npos ? end : end - 1)
                              : list.substr(0, end);
    if (key == name) return std::string(value);
    const auto comma = quoted && end != std::string_view::npos ? list.find(',', end) : end;
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return {};
}

/// What follows the tag's colon; nothing when the line is not of this tag.
std::optional<std::string_view> tagged(std::string_view line, std::string_view tag) {
  if (!line.starts_with(tag) || line.size() <= tag.size() || line[tag.size()] != ':')
    return std::nullopt;
  return line.substr(tag.size() + 1);
}

}  // namespace

Result<HlsVariant> parse_multivariant(std::string_view text) {
  HlsVariant out;
  bool next_is_variant = false, wants_audio = false;
  std::string audio;
  each_line(text, [&](std::string_view line) {
    if (const auto media = tagged(line, "#EXT-X-MEDIA")) {
      if (audio.empty() && attribute(*media, "TYPE") == "AUDIO") audio = attribute(*media, "URI");
    } else if (const auto variant = tagged(line, "#EXT-X-STREAM-INF")) {
      next_is_variant = out.video.empty();
      if (next_is_variant) wants_audio = !attribute(*variant, "AUDIO").empty();
    } else if (!line.starts_with('#') && std::exchange(next_is_variant, false)) {
      out.video = line;
    }
  });
  if (!text.starts_with("#EXTM3U") || out.video.empty())
    return error(ErrorCode::corrupt, "no multivariant playlist");
  if (wants_audio && !audio.empty()) out.audio = audio;
  return out;
}

Result<HlsMedia> parse_media(std::string_view text) {
  HlsMedia out;
  std::uint64_t msn = 0;
  bool numbered = false;
  each_line(text, [&](std::string_view line) {
    if (const auto first = tagged(line, "#EXT-X-MEDIA-SEQUENCE")) {
      numbered =
          std::from_chars(first->data(), first->data() + first->size(), msn).ec == std::errc();
    } else if (const auto map = tagged(line, "#EXT-X-MAP")) {
      out.map = attribute(*map, "URI");
    } else if (const auto part = tagged(line, "#EXT-X-PART")) {
      auto& parts = out.segments[msn].parts;
      parts[static_cast<std::uint32_t>(parts.size())] = {attribute(*part, "URI"),
                                                         attribute(*part, "INDEPENDENT") == "YES"};
    } else if (!line.starts_with('#')) {
      out.segments[msn++].complete = true;
    }
  });
  if (!text.starts_with("#EXTM3U") || !numbered || out.map.empty())
    return error(ErrorCode::corrupt, "no media playlist");
  return out;
}

std::string resolve(std::string_view base, std::string_view reference) {
  if (reference.starts_with('/')) return std::string(reference);
  std::vector<std::string_view> parts;
  const auto add = [&parts](std::string_view path) {
    while (!path.empty()) {
      const auto slash = path.find('/');
      const auto part = path.substr(0, slash);
      path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (!parts.empty()) {
        parts.pop_back();
      }
    }
  };
  add(base.substr(0, base.rfind('/') + 1));
  add(reference);
  std::string out;
  for (const auto part : parts) out.append("/").append(part);
  return out;
}

}  // namespace troupe::sim

#include "sim/dash_manifest.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <sstream>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

namespace troupe::sim {
namespace {

using Tree = boost::property_tree::ptree;
constexpr std::int64_t kMicros = 1'000'000;

std::string text_of(const Tree& node, const char* name) {
  return node.get<std::string>(std::string("<xmlattr>.") + name, {});
}
template <class Number>
std::optional<Number> number_of(const Tree& node, const char* name) {
  const auto value = node.get_optional<Number>(std::string("<xmlattr>.") + name);
  return value ? std::optional<Number>(*value) : std::nullopt;
}

/// ISO 8601 as `xs:duration` has it, up to hours; 0: none.
std::int64_t duration_us(std::string_view text) {
  if (!text.starts_with("PT")) return 0;
  double seconds = 0;
  for (text.remove_prefix(2); !text.empty();) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end == text.data() + text.size()) return 0;
    seconds += value * (*end == 'H' ? 3'600 : *end == 'M' ? 60 : 1);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  return std::llround(seconds * kMicros);
}

/// `xs:dateTime` in UTC; 0: none.
std::int64_t date_us(const std::string& text) {
  std::tm utc{};
  double seconds = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%lfZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &seconds) != 6)
    return 0;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return ::timegm(&utc) * kMicros + std::llround(seconds * kMicros);
}

std::vector<DashTrack::Segment> listed(const Tree& timeline) {
  std::vector<DashTrack::Segment> out;
  for (const auto& [name, s] : timeline) {
    if (name != "S") continue;
    const auto next = out.empty() ? 0 : out.back().start + out.back().duration;
    DashTrack::Segment segment{number_of<std::int64_t>(s, "t").value_or(next),
                               number_of<std::int64_t>(s, "d").value_or(0)};
    for (auto more = number_of<int>(s, "r").value_or(0); more >= 0; --more) {
      out.push_back(segment);
      segment.start += segment.duration;
    }
  }
  return out;
}

/// The template may stand in the AdaptationSet or in the Representation.
std::optional<DashTrack> read_track(const Tree& set) {
  const auto representation = set.get_child_optional("Representation");
  if (!representation) return std::nullopt;
  auto node = representation->get_child_optional("SegmentTemplate");
  if (!node) node = set.get_child_optional("SegmentTemplate");
  if (!node) return std::nullopt;
  DashTrack track;
  track.content_type = text_of(set, "contentType");
  track.initialization = text_of(*node, "initialization");
  track.media = text_of(*node, "media");
  track.start_number = number_of<std::uint64_t>(*node, "startNumber").value_or(1);
  track.timescale = number_of<std::int64_t>(*node, "timescale").value_or(1);
  track.duration = number_of<std::int64_t>(*node, "duration");
  track.early_us =
      std::llround(number_of<double>(*node, "availabilityTimeOffset").value_or(0) * kMicros);
  if (const auto timeline = node->get_child_optional("SegmentTimeline"))
    track.listed = listed(*timeline);
  const bool usable = track.timescale > 0 && track.media.find("$Number$") != std::string::npos &&
                      !track.initialization.empty() && track.duration.value_or(1) > 0;
  return usable ? std::optional(std::move(track)) : std::nullopt;
}

}  // namespace

std::string DashTrack::name(std::uint64_t number) const {
  auto out = media;
  return out.replace(out.find("$Number$"), 8, std::to_string(number));
}

const DashTrack* DashPeriod::find(std::string_view content_type) const {
  const auto found = std::ranges::find(tracks, content_type, &DashTrack::content_type);
  return found == tracks.end() ? nullptr : &*found;
}

std::int64_t DashManifest::available_us(const DashPeriod& period, const DashTrack& track,
                                        std::uint64_t number) const {
  const auto ends = static_cast<std::int64_t>(number - track.start_number + 1) *
                    track.duration.value_or(0) * kMicros / track.timescale;
  return available_from_us + period.start_us + ends - track.early_us;
}

std::optional<std::uint64_t> DashManifest::newest(const DashPeriod& period, const DashTrack& track,
                                                  std::int64_t now_us) const {
  const auto since = now_us - available_us(period, track, track.start_number);
  if (!track.duration || since < 0) return std::nullopt;
  return track.start_number +
         static_cast<std::uint64_t>(since * track.timescale / kMicros / *track.duration);
}

Result<DashManifest> parse_dash(const std::string& text) {
  Tree tree;
  try {
    std::istringstream in(text);
    boost::property_tree::read_xml(in, tree);
  } catch (const boost::property_tree::xml_parser_error& e) {
    return error(ErrorCode::corrupt, e.message());
  }
  const auto mpd = tree.get_child_optional("MPD");
  if (!mpd) return error(ErrorCode::corrupt, "no MPD");
  DashManifest out;
  out.base_url = mpd->get<std::string>("BaseURL", {});
  out.available_from_us = date_us(text_of(*mpd, "availabilityStartTime"));
  out.update_every_us = duration_us(text_of(*mpd, "minimumUpdatePeriod"));
  if (const auto clock = mpd->get_child_optional("UTCTiming"))
    out.clock_us = date_us(text_of(*clock, "value"));
  for (const auto& [name, node] : *mpd) {
    if (name != "Period") continue;
    DashPeriod period{.id = text_of(node, "id"),
                      .start_us = duration_us(text_of(node, "start")),
                      .closed = !text_of(node, "duration").empty(),
                      .tracks = {}};
    for (const auto& [inner, set] : node) {
      if (inner != "AdaptationSet") continue;
      if (auto track = read_track(set)) period.tracks.push_back(std::move(*track));
    }
    out.periods.push_back(std::move(period));
  }
  if (out.available_from_us == 0 || out.clock_us == 0)
    return error(ErrorCode::corrupt, "no availabilityStartTime or UTCTiming: not live");
  if (out.periods.empty() || out.periods.back().find("video") == nullptr)
    return error(ErrorCode::corrupt, "no video by number");
  return out;
}

}  // namespace troupe::sim

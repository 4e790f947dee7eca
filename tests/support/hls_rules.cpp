#include "tests/support/hls_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <sstream>

namespace troupe::test {
namespace {

/// ATTR=value,ATTR="quoted, value" (section 4.2).
std::map<std::string, std::string> attributes(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) break;
    const std::string name(text.substr(0, equals));
    text.remove_prefix(equals + 1);
    std::size_t end = 0;
    if (!text.empty() && text.front() == '"') {
      end = text.find('"', 1);
      out[name] = text.substr(1, end - 1);
      end = text.find(',', end);
    } else {
      end = text.find(',');
      out[name] = text.substr(0, end);
    }
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

class Reader {
 public:
  ReadPlaylist read(std::string_view text) {
    std::istringstream lines{std::string(text)};
    std::string line;
    std::getline(lines, line);
    if (line != "#EXTM3U") object("the first line is not #EXTM3U (4.4.1.1)");
    while (std::getline(lines, line)) take(line);
    finish();
    return std::move(list_);
  }

 private:
  void object(const std::string& what) { list_.objections.push_back(what); }

  void take(const std::string& line) {
    if (line.empty()) return;
    if (line.front() != '#') return uri(line);
    const auto colon = line.find(':');
    const auto tag = line.substr(0, colon);
    const auto value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
    check_place(tag, value);
    if (tag == "#EXT-X-VERSION")
      list_.version = std::stoi(value);
    else if (tag == "#EXT-X-TARGETDURATION")
      list_.target_duration = std::stod(value);
    else if (tag == "#EXT-X-SERVER-CONTROL")
      control_ = attributes(value);
    else if (tag == "#EXT-X-PART-INF")
      list_.part_target = std::stod(attributes(value)["PART-TARGET"]);
    else if (tag == "#EXT-X-MEDIA-SEQUENCE")
      list_.media_sequence = std::stoull(value);
    else if (tag == "#EXT-X-DISCONTINUITY-SEQUENCE")
      list_.discontinuity_sequence = std::stoull(value);
    else if (tag == "#EXT-X-SKIP")
      list_.skipped = std::stoull(attributes(value)["SKIPPED-SEGMENTS"]);
    else if (tag == "#EXT-X-DISCONTINUITY")
      head("DISCONTINUITY", [&] { open_.discontinuity = true; });
    else if (tag == "#EXT-X-MAP")
      head("MAP", [&] { map_ = attributes(value)["URI"]; });
    else if (tag == "#EXT-X-PROGRAM-DATE-TIME")
      head("PROGRAM-DATE-TIME", [&] { open_.date_time = value; });
    else if (tag == "#EXT-X-PART")
      part(attributes(value));
    else if (tag == "#EXTINF")
      open_.duration = std::stod(value);
    else if (tag == "#EXT-X-PRELOAD-HINT")
      list_.hint = attributes(value)["URI"];
    else if (tag == "#EXT-X-RENDITION-REPORT")
      report(attributes(value));
    else if (tag == "#EXT-X-DATERANGE")
      date_range(attributes(value));
    else if (tag == "#EXT-X-ENDLIST")
      list_.ended = true;
    else if (tag == "#EXT-X-PLAYLIST-TYPE")
      vod_ = value == "VOD";
    else if (tag == "#EXT-X-GAP")
      open_.gap = true;
    else
      object("unknown tag " + tag);
  }

  /// Where tags may stand, and how often.
  void check_place(const std::string& tag, const std::string& value) {
    static const std::set<std::string> kOnce{
        "#EXT-X-VERSION",       "#EXT-X-TARGETDURATION",         "#EXT-X-SERVER-CONTROL",
        "#EXT-X-PART-INF",      "#EXT-X-MEDIA-SEQUENCE",         "#EXT-X-ENDLIST",
        "#EXT-X-SKIP",          "#EXT-X-DISCONTINUITY-SEQUENCE", "#EXT-X-PLAYLIST-TYPE",
        "#EXT-X-I-FRAMES-ONLY", "#EXT-X-INDEPENDENT-SEGMENTS"};
    if (kOnce.contains(tag) && !seen_.insert(tag).second)
      object(tag + " more than once (4.4.2, 4.4.3)");
    const bool begun = !list_.segments.empty() || !open_.parts.empty();
    if (begun && (tag == "#EXT-X-MEDIA-SEQUENCE" || tag == "#EXT-X-DISCONTINUITY-SEQUENCE"))
      object(tag + " after the first segment (4.4.3.2, 4.4.3.3)");
    if (tag == "#EXT-X-TARGETDURATION" &&
        value.find_first_not_of("0123456789") != std::string::npos)
      object("a target duration that is no decimal integer (4.4.3.1)");
    if (tag == "#EXT-X-STREAM-INF" || tag == "#EXT-X-MEDIA")
      object(tag + " in a media playlist (4.1)");
    if (tag == "#EXT-X-PRELOAD-HINT") check_hint(attributes(value));
    if (tag == "#EXT-X-PROGRAM-DATE-TIME" && (value.size() < 20 || value[10] != 'T'))
      object("a date that is not ISO 8601 (4.4.4.6)");
    if (!list_.hint.empty() && tag == "#EXT-X-PART")
      object("a part after the hint at what follows the last (4.4.5.3)");
  }

  void date_range(const std::map<std::string, std::string>& values) {
    for (const auto* name : {"ID", "START-DATE"})
      if (!values.contains(name))
        object(std::string("a date range without ") + name + " (4.4.5.1)");
    if (values.contains("ID") && !ranges_.insert(values.at("ID")).second)
      object("two date ranges with one ID (4.4.5.1)");
  }

  void check_hint(std::map<std::string, std::string> values) {
    if (values["TYPE"] != "PART" && values["TYPE"] != "MAP")
      object("a hint of an unknown TYPE (4.4.5.3)");
    if (!values.contains("URI")) object("a hint without URI (4.4.5.3)");
    if (!hints_.insert(values["TYPE"]).second) object("two hints of one TYPE (4.4.5.3)");
  }

  /// Tags that apply to a whole segment stand before its first part (4.4.4.9).
  template <class Then>
  void head(const std::string& tag, Then then) {
    if (!open_.parts.empty()) object(tag + " after the first part of its segment (4.4.4.9)");
    then();
  }

  void part(std::map<std::string, std::string> values) {
    if (!values.contains("URI") || !values.contains("DURATION"))
      object("a part without URI or DURATION (4.4.4.9)");
    open_.parts.push_back(
        {std::stod(values["DURATION"]), values["URI"], values["INDEPENDENT"] == "YES"});
  }

  void report(std::map<std::string, std::string> values) {
    if (!values.contains("LAST-MSN")) object("a rendition report without LAST-MSN (4.4.5.4)");
    if (std::ranges::find(list_.reports, values["URI"]) != list_.reports.end())
      object("two reports of one rendition (4.4.5.4)");
    list_.reports.push_back(values["URI"]);
    auto& said = list_.reported[values["URI"]];
    if (values.contains("LAST-MSN")) said.last_number = std::stoull(values["LAST-MSN"]);
    if (values.contains("LAST-PART")) said.last_part = std::stoull(values["LAST-PART"]);
  }

  void uri(const std::string& line) {
    if (open_.duration <= 0) object("a segment without EXTINF (4.4.4.1)");
    open_.uri = line;
    push();
  }

  void push() {
    const auto& name = open_.uri.empty() ? open_.parts.front().uri : open_.uri;
    if (map_.empty() && list_.skipped == 0 && !open_.gap && !name.ends_with(".vtt"))
      object("fragmented MP4 without EXT-X-MAP (3.1.2)");
    open_.map = map_;
    list_.segments.push_back(std::exchange(open_, {}));
  }

  void finish() {
    if (!open_.parts.empty()) push();
    if (list_.target_duration <= 0) object("no EXT-X-TARGETDURATION (4.4.3.1)");
    if (list_.version < 6) object("EXT-X-MAP needs version 6 (8)");
    if (vod_ && !list_.ended) object("a VOD that does not end (4.4.3.5)");
    if (list_.skipped > 0 && list_.version < 9) object("EXT-X-SKIP needs version 9 (8)");
    if (list_.ended && !list_.hint.empty()) object("a hint in a playlist that has ended (4.4.5.3)");
    if (!list_.ended && list_.part_target > 0 && list_.hint.empty())
      object("no preload hint (B.1)");
    if (list_.skipped > 0 && !control_.contains("CAN-SKIP-UNTIL"))
      object("a delta update that was not promised (4.4.3.8)");
    if (list_.part_target <= 0 &&
        std::ranges::any_of(list_.segments, [](const auto& s) { return !s.parts.empty(); }))
      object("parts without EXT-X-PART-INF (4.4.3.7)");
    check_control();
    for (const auto& segment : list_.segments) check_durations(segment);
    check_parts_age();
  }

  void check_control() {
    if (list_.part_target <= 0) return;
    const auto number = [&](const char* name) {
      return control_.contains(name) ? std::stod(control_[name]) : 0;
    };
    if (control_["CAN-BLOCK-RELOAD"] != "YES") object("low latency without blocking reload (B.1)");
    if (number("PART-HOLD-BACK") < 3 * list_.part_target - 1e-6)
      object("PART-HOLD-BACK under 3 part targets (4.4.3.8)");
    if (number("HOLD-BACK") < 3 * list_.target_duration)
      object("HOLD-BACK under 3 target durations (4.4.3.8)");
    if (number("CAN-SKIP-UNTIL") < 6 * list_.target_duration)
      object("CAN-SKIP-UNTIL under 6 target durations (4.4.3.8)");
  }

  void check_durations(const ReadSegment& segment) {
    if (std::round(segment.duration) > list_.target_duration)
      object("a segment over the target duration (4.4.3.1)");
    for (std::size_t i = 0; i < segment.parts.size(); ++i) {
      const auto& part = segment.parts[i];
      if (part.duration > list_.part_target + 1e-6)
        object("a part over the part target: " + part.uri + " (4.4.3.7)");
      const bool last = i + 1 == segment.parts.size();
      if (!last && !part.independent && part.duration < 0.85 * list_.part_target - 1e-6)
        object("a part under 85 % of the part target: " + part.uri + " (4.4.3.7)");
    }
  }

  void check_parts_age() {
    double after = 0;
    for (auto segment = list_.segments.rbegin(); segment != list_.segments.rend(); ++segment) {
      if (after > 3 * list_.target_duration && !segment->parts.empty())
        object("parts too far from the end (6.2.2)");
      after += segment->duration;
    }
  }

  ReadPlaylist list_;
  ReadSegment open_;
  std::string map_;
  std::map<std::string, std::string> control_;
  std::set<std::string> seen_, hints_, ranges_;
  bool vod_ = false;
};

/// A reader of multivariant playlists.
class VariantReader {
 public:
  std::vector<std::string> read(std::string_view text) {
    std::istringstream lines{std::string(text)};
    std::string line;
    std::getline(lines, line);
    if (line != "#EXTM3U") object("the first line is not #EXTM3U (4.4.1.1)");
    while (std::getline(lines, line)) take(line);
    if (wants_uri_) object("EXT-X-STREAM-INF without a URI behind it (4.4.6.2)");
    if (variants_.empty()) object("no variant (4.4.6.2)");
    for (const auto& variant : variants_) check_groups(variant);
    return std::move(objections_);
  }

 private:
  using Attributes = std::map<std::string, std::string>;

  void object(const std::string& what) { objections_.push_back(what); }

  void take(const std::string& line) {
    if (line.empty()) return;
    if (line.front() != '#') {
      if (!wants_uri_) object("a URI without EXT-X-STREAM-INF before it (4.4.6.2)");
      // The same picture may be there once with each group of sound.
      if (wants_uri_ && !uris_.insert(line + " " + sound_of(variants_.back())).second)
        object("the same playlist twice: " + line);
      wants_uri_ = false;
      return;
    }
    if (wants_uri_) object("a tag between EXT-X-STREAM-INF and its URI (4.4.6.2)");
    const auto colon = line.find(':');
    const auto tag = line.substr(0, colon);
    const auto value = colon == std::string::npos ? std::string() : line.substr(colon + 1);
    if (tag == "#EXT-X-STREAM-INF")
      variant(attributes(value));
    else if (tag == "#EXT-X-MEDIA")
      media(attributes(value));
    else if (tag != "#EXT-X-VERSION" && tag != "#EXT-X-INDEPENDENT-SEGMENTS")
      object(tag + " in a multivariant playlist (4.1)");
    if (tag == "#EXT-X-VERSION" && std::exchange(version_, true))
      object("EXT-X-VERSION more than once (4.4.1.2)");
  }

  static std::string sound_of(const Attributes& variant) {
    const auto group = variant.find("AUDIO");
    return group == variant.end() ? std::string() : group->second;
  }

  void variant(Attributes values) {
    wants_uri_ = true;
    const auto number = [&](const char* name) {
      const auto& text = values[name];
      return text.empty() || text.find_first_not_of("0123456789") != std::string::npos
                 ? 0
                 : std::stoll(text);
    };
    if (number("BANDWIDTH") <= 0) object("a variant without BANDWIDTH (4.4.6.2)");
    if (values.contains("AVERAGE-BANDWIDTH") && number("AVERAGE-BANDWIDTH") > number("BANDWIDTH"))
      object("AVERAGE-BANDWIDTH over BANDWIDTH (4.4.6.2)");
    if (values["CODECS"].empty()) object("a variant without CODECS (4.4.6.2: SHOULD)");
    int width = 0, height = 0;
    if (values.contains("RESOLUTION") &&
        std::sscanf(values["RESOLUTION"].c_str(), "%dx%d", &width, &height) != 2)
      object("a RESOLUTION that is none (4.2)");
    variants_.push_back(std::move(values));
  }

  void media(Attributes values) {
    const auto& type = values["TYPE"];
    if (type != "AUDIO" && type != "VIDEO" && type != "SUBTITLES" && type != "CLOSED-CAPTIONS")
      object("EXT-X-MEDIA of an unknown TYPE (4.4.6.1)");
    if (values["GROUP-ID"].empty() || values["NAME"].empty())
      object("EXT-X-MEDIA without GROUP-ID or NAME (4.4.6.1)");
    if (type == "SUBTITLES" && values["URI"].empty()) object("subtitles without URI (4.4.6.1)");
    if (type != "SUBTITLES" && values.contains("FORCED"))
      object("FORCED of what are no subtitles (4.4.6.1)");
    if (values["DEFAULT"] == "YES" && values["AUTOSELECT"] == "NO")
      object("a default that is not selected (4.4.6.1)");
    if (!names_.insert(type + "/" + values["GROUP-ID"] + "/" + values["NAME"]).second)
      object("two renditions of one NAME in a group (4.4.6.1.1)");
    if (values["DEFAULT"] == "YES" && !defaults_.insert(type + "/" + values["GROUP-ID"]).second)
      object("two defaults in a group (4.4.6.1.1)");
    groups_.insert(type + "/" + values["GROUP-ID"]);
  }

  void check_groups(const Attributes& variant) {
    for (const auto* type : {"AUDIO", "VIDEO", "SUBTITLES"}) {
      const auto group = variant.find(type);
      if (group != variant.end() && !groups_.contains(type + ("/" + group->second)))
        object(std::string(type) + " names no group (4.4.6.2)");
    }
  }

  std::vector<std::string> objections_;
  std::vector<Attributes> variants_;
  std::set<std::string> uris_, names_, defaults_, groups_;
  bool wants_uri_ = false, version_ = false;
};

}  // namespace

ReadPlaylist read_playlist(std::string_view text) {
  return Reader().read(text);
}

std::vector<std::string> check_report(const ReadReport& report, const ReadPlaylist& list) {
  std::vector<std::string> out;
  if (list.segments.empty()) return {"a report of a playlist without segments (4.4.5.4)"};
  const auto last = list.media_sequence + list.skipped + list.segments.size() - 1;
  if (report.last_number != last)
    out.push_back("LAST-MSN " + std::to_string(report.last_number) +
                  " of a playlist that ends at " + std::to_string(last) + " (4.4.5.4)");
  const auto parts = list.segments.back().parts.size();
  if (parts > 0 && report.last_part != parts - 1)
    out.push_back("LAST-PART is not the last part (4.4.5.4)");
  return out;
}

std::vector<std::string> check_multivariant(std::string_view text) {
  return VariantReader().read(text);
}

std::vector<std::string> compare_playlists(const ReadPlaylist& before, const ReadPlaylist& after) {
  std::vector<std::string> out;
  if (before.target_duration != after.target_duration)
    out.push_back("the target duration changed (6.2.1)");
  if (before.part_target != 0 && before.part_target != after.part_target)
    out.push_back("the part target changed (4.4.3.7)");
  if (after.media_sequence < before.media_sequence)
    out.push_back("the media sequence went back (6.2.2)");
  std::uint64_t gone_discontinuities = 0;
  for (std::size_t i = 0; i < before.segments.size(); ++i) {
    const auto& old = before.segments[i];
    const auto number = before.media_sequence + before.skipped + i;
    if (number < after.media_sequence) {
      gone_discontinuities += old.discontinuity ? 1 : 0;
      continue;
    }
    const auto at = number - after.media_sequence;
    if (at < after.skipped) continue;
    if (at - after.skipped >= after.segments.size()) {
      out.push_back("a segment at the end disappeared (6.2.2)");
      continue;
    }
    const auto& now = after.segments[at - after.skipped];
    if (!old.uri.empty() && (old.uri != now.uri || old.duration != now.duration))
      out.push_back("segment " + old.uri + " changed (6.2.1)");
    if (old.date_time != now.date_time)
      out.push_back("the time of a segment changed: " + old.date_time);
    for (std::size_t p = 0; p < std::min(old.parts.size(), now.parts.size()); ++p)
      if (old.parts[p].uri != now.parts[p].uri)
        out.push_back("part " + old.parts[p].uri + " changed (6.2.1)");
  }
  if (after.discontinuity_sequence != before.discontinuity_sequence + gone_discontinuities)
    out.push_back("the discontinuity sequence does not count what left (6.2.2)");
  return out;
}

}  // namespace troupe::test

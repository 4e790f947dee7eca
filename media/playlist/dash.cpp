#include "media/playlist/dash.hpp"

#include <algorithm>
#include <set>

#include "media/playlist/hls.hpp"
#include "media/playlist/text.hpp"

namespace troupe::media {
namespace {

/// Publications of the window, oldest first.
std::set<std::uint64_t> epochs(const SegmentWindow& window) {
  std::set<std::uint64_t> all;
  for (const auto& rendition : window.renditions())
    for (const auto& segment : rendition.segments)
      if (segment.complete) all.insert(segment.epoch);
  return all;
}

/// Unix time of the zero of a publication's timeline.
std::int64_t zero_of(const SegmentWindow& window, std::uint64_t epoch) {
  for (const auto& rendition : window.renditions())
    for (const auto& segment : rendition.segments)
      if (segment.epoch == epoch) return segment.wall_us - segment.start_us;
  return 0;
}

std::string duration(std::int64_t us) {
  return "PT" + seconds_text(us, 3) + "S";
}

/// The S elements of one publication; `last_end_us` grows to where the last of them ends.
std::string timeline(const Rendition& rendition, std::uint64_t epoch, std::uint64_t& first_number,
                     std::int64_t& last_end_us) {
  std::string out;
  for (const auto& segment : rendition.segments) {
    if (segment.epoch != epoch || !segment.complete) continue;
    if (out.empty()) first_number = segment.number;
    out += "<S t=\"" + std::to_string(segment.start_us) + "\" d=\"" +
           std::to_string(segment.duration_us) + "\"/>";
    last_end_us = std::max(last_end_us, segment.start_us + segment.duration_us);
  }
  return out;
}

std::int64_t bits_per_second(const Rendition& rendition) {
  std::int64_t peak = 1;
  for (const auto& segment : rendition.segments) {
    if (!segment.complete || segment.duration_us <= 0) continue;
    peak = std::max(
        peak, static_cast<std::int64_t>(segment.bytes->size()) * 8'000'000 / segment.duration_us);
  }
  return peak;
}

std::string representation(const Rendition& rendition, std::uint64_t epoch,
                           std::int64_t& last_end_us) {
  std::uint64_t first_number = 0;
  const auto segments = timeline(rendition, epoch, first_number, last_end_us);
  if (segments.empty()) return {};
  const auto& track = rendition.track;
  const auto name = xml_escape(rendition.name);
  std::string out = "<Representation id=\"" + name + "\" codecs=\"" + xml_escape(track.codecs) +
                    "\" bandwidth=\"" + std::to_string(bits_per_second(rendition)) + "\"";
  if (rendition.kind == TrackKind::video) {
    out += " width=\"" + std::to_string(track.width) + "\" height=\"" +
           std::to_string(track.height) + "\">";
  } else {
    out += " audioSamplingRate=\"" + std::to_string(track.sample_rate) +
           "\"><AudioChannelConfiguration "
           "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" "
           "value=\"" +
           std::to_string(track.channels) + "\"/>";
  }
  out += "<SegmentTemplate timescale=\"1000000\" startNumber=\"" + std::to_string(first_number) +
         "\" initialization=\"" + name + "/" + file_name({MediaFile::Kind::init, epoch, 0}) +
         "\" media=\"" + name + "/segment-$Number$.m4s" + "\"><SegmentTimeline>" + segments +
         "</SegmentTimeline></SegmentTemplate>";
  return out + "</Representation>";
}

/// All renditions of a kind: what a player may switch between.
std::string adaptation_set(const SegmentWindow& window, TrackKind kind, std::uint64_t epoch,
                           std::int64_t& last_end_us) {
  std::string all;
  for (const auto& rendition : window.renditions())
    if (rendition.kind == kind) all += representation(rendition, epoch, last_end_us);
  if (all.empty()) return {};
  const std::string name(folder(kind));
  return "<AdaptationSet contentType=\"" + name + "\" mimeType=\"" + name +
         "/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">" + all + "</AdaptationSet>";
}

}  // namespace

std::string dash_manifest(const SegmentWindow& window, std::int64_t now_us,
                          std::string_view base_url) {
  const auto all = epochs(window);
  const auto target_us = window.target_duration_s() * 1'000'000;
  // Must not change while players follow, whatever leaves the window.
  const auto anchor_us = window.origin_us().value_or(now_us);
  std::string periods;
  std::int64_t end_us = 0;
  for (const auto epoch : all) {
    const auto start_us = zero_of(window, epoch) - anchor_us;
    std::int64_t last_end_us = 0;
    std::string sets;
    for (const auto kind : {TrackKind::video, TrackKind::audio})
      sets += adaptation_set(window, kind, epoch, last_end_us);
    const bool open = epoch == *all.rbegin() && !window.ended();
    periods += "<Period id=\"" + std::to_string(epoch) + "\" start=\"" + duration(start_us) + "\"" +
               (open ? "" : " duration=\"" + duration(last_end_us) + "\"") + ">" + sets +
               "</Period>";
    end_us = start_us + last_end_us;
  }
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" "
      "minBufferTime=\"" +
      duration(window.target_duration_s() * 500'000) + "\"";
  if (window.ended()) {
    out += " type=\"static\" mediaPresentationDuration=\"" + duration(end_us) + "\">";
  } else {
    out += " type=\"dynamic\" availabilityStartTime=\"" + date_time_text(anchor_us) +
           "\" publishTime=\"" + date_time_text(now_us) +
           "\" minimumUpdatePeriod=\"PT1S\" timeShiftBufferDepth=\"" +
           duration(std::max(window.options().window_us, 3 * target_us)) +
           "\" suggestedPresentationDelay=\"" + duration(target_us) + "\">";
  }
  if (!base_url.empty()) out += "<BaseURL>" + xml_escape(base_url) + "</BaseURL>";
  out += periods;
  if (!window.ended()) {
    out += "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"" +
           date_time_text(now_us) + "\"/>";
  }
  return out + "</MPD>\n";
}

}  // namespace troupe::media

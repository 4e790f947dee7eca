#include "media/playlist/dash.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "media/playlist/hls.hpp"
#include "media/playlist/text.hpp"

namespace troupe::media {
namespace {

enum class Latency { usual, low };

bool listed(const SegmentWindow& window, const Segment& segment, Latency latency) {
  return segment.complete || (latency == Latency::low && !segment.parts.empty() && !window.ended());
}

/// Whether the newest publication is not to be told of yet: players take the tracks that a Period
/// has when they first see it, so it waits until each rendition has something, but not for those
/// that have nothing after two whole segments of the leading one.
bool is_forming(const SegmentWindow& window, Latency latency) {
  constexpr std::ptrdiff_t kWholeSegments = 2;
  const auto of_newest = [&](const Segment& segment) { return segment.epoch == window.epoch(); };
  const auto& renditions = window.renditions();
  const bool publishing = std::ranges::any_of(renditions, [](const Rendition& rendition) {
    return !rendition.segments.empty() && !rendition.segments.back().complete;
  });
  const auto* leading = window.leading();
  if (!publishing || leading == nullptr) return false;
  const auto whole = std::ranges::count_if(leading->segments, [&](const Segment& segment) {
    return of_newest(segment) && segment.complete;
  });
  return whole < kWholeSegments &&
         !std::ranges::all_of(renditions, [&](const Rendition& rendition) {
           return std::ranges::any_of(rendition.segments, [&](const Segment& segment) {
             return of_newest(segment) && listed(window, segment, latency);
           });
         });
}

/// Publications of the window, oldest first. With low latency also one whose first segment is under
/// way.
std::set<std::uint64_t> epochs(const SegmentWindow& window, Latency latency) {
  std::set<std::uint64_t> all;
  for (const auto& rendition : window.renditions())
    for (const auto& segment : rendition.segments)
      if (listed(window, segment, latency)) all.insert(segment.epoch);
  if (all.size() > 1 && is_forming(window, latency)) all.erase(window.epoch());
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

/// Where players begin. shaka-player counts the target of the service description from there, the
/// others from live.
constexpr std::int64_t kLowDelayUs = 1'000'000;

/// What a segment under way will be long: as the one before, at least what there is of it.
std::int64_t foreseen_us(const SegmentWindow& window, const Rendition& rendition) {
  const auto& segments = rendition.segments;
  const auto& last = segments.back();
  auto length_us = window.options().segment_us;
  if (segments.size() > 1 && segments[segments.size() - 2].epoch == last.epoch)
    length_us = segments[segments.size() - 2].duration_us;
  return std::max(length_us, last.duration_us);
}

/// The S elements of one publication; `last_end_us` grows to where the last of them ends.
std::string timeline(const SegmentWindow& window, const Rendition& rendition, Latency latency,
                     std::uint64_t epoch, std::uint64_t& first_number, std::int64_t& last_end_us) {
  std::string out;
  for (const auto& segment : rendition.segments) {
    const bool listed = segment.complete || (latency == Latency::low && !window.ended());
    if (segment.epoch != epoch || !listed) continue;
    if (out.empty()) first_number = segment.number;
    const auto length_us = segment.complete ? segment.duration_us : foreseen_us(window, rendition);
    out += "<S t=\"" + std::to_string(segment.start_us) + "\" d=\"" + std::to_string(length_us) +
           "\"/>";
    last_end_us = std::max(last_end_us, segment.start_us + length_us);
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

/// The length of all segments of a publication, when they have one: most encoders place key frames
/// evenly. Players know then from the clock alone what there is.
std::optional<std::int64_t> even_length_us(const SegmentWindow& window, std::uint64_t epoch) {
  constexpr std::int64_t kMillisecond = 1'000, kOff = 50'000, kShare = 10;
  const auto* main = window.find(TrackKind::video);
  if (main == nullptr) main = window.find(TrackKind::audio);
  if (main == nullptr) return std::nullopt;
  auto last = std::find_if(main->segments.rbegin(), main->segments.rend(),
                           [&](const Segment& s) { return s.complete && s.epoch == epoch; });
  if (last == main->segments.rend()) {
    // One that is just beginning is taken to be as the one before.
    const auto before = std::ranges::find_if(main->segments.rbegin(), main->segments.rend(),
                                             [&](const Segment& s) { return s.epoch < epoch; });
    if (epoch != window.epoch() || before == main->segments.rend()) return std::nullopt;
    return even_length_us(window, before->epoch);
  }
  // That which the end of the publication cut off is shorter.
  if (epoch != window.epoch() && last->ordinal > 0 && last + 1 != main->segments.rend()) ++last;
  const auto count = static_cast<std::int64_t>(last->ordinal) + 1;
  const auto end_us = last->start_us + last->duration_us;
  // Whole milliseconds, so that it stays the same while clocks that count these waver.
  const auto even_us = (end_us / count + kMillisecond / 2) / kMillisecond * kMillisecond;
  if (even_us <= 0 || std::abs(even_us * count - end_us) > kOff) return std::nullopt;
  for (const auto& rendition : window.renditions()) {
    for (const auto& segment : rendition.segments) {
      const auto due_us = static_cast<std::int64_t>(segment.ordinal) * even_us;
      if (segment.epoch == epoch && std::abs(segment.start_us - due_us) > even_us / kShare)
        return std::nullopt;
    }
  }
  return even_us;
}

/// The attributes of low latency, and what follows the others of a SegmentTemplate. The segment
/// under way may be asked for before it is whole (ISO/IEC 23009-1 section 5.3.9.5.3).
struct LowLatency {
  std::optional<std::int64_t> even_us;

  [[nodiscard]] std::string attributes(const SegmentWindow& window,
                                       const Rendition& rendition) const {
    const auto early_us = even_us.value_or(window.options().segment_us) - rendition.chunk_us;
    std::string out = " availabilityTimeOffset=\"" +
                      seconds_text(std::max<std::int64_t>(early_us, 0), 3) +
                      "\" availabilityTimeComplete=\"false\"";
    if (even_us) out += " duration=\"" + std::to_string(*even_us) + "\"";
    return out;
  }
};

std::string representation(const SegmentWindow& window, const Rendition& rendition, Latency latency,
                           std::uint64_t epoch, std::int64_t& last_end_us) {
  std::uint64_t first_number = 0;
  const auto segments = timeline(window, rendition, latency, epoch, first_number, last_end_us);
  if (segments.empty()) return {};
  LowLatency low;
  if (latency == Latency::low) low.even_us = even_length_us(window, epoch);
  if (low.even_us) first_number -= rendition.find(first_number)->ordinal;
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
  out += "<SegmentTemplate timescale=\"1000000\"" +
         (latency == Latency::low ? low.attributes(window, rendition) : std::string()) +
         " startNumber=\"" + std::to_string(first_number) + "\" initialization=\"" + name + "/" +
         file_name({MediaFile::Kind::init, epoch, 0}) + "\" media=\"" + name + "/segment-" +
         std::to_string(epoch) + "-$Number$.m4s\"" +
         (low.even_us ? "/>"
                      : "><SegmentTimeline>" + segments + "</SegmentTimeline></SegmentTemplate>");
  return out + "</Representation>";
}

/// What time the server's clock showed at the publication's zero: latency is measured from there.
std::string reference_time(const SegmentWindow& window, std::uint64_t epoch) {
  const auto zero = date_time_text(zero_of(window, epoch));
  return "<ProducerReferenceTime id=\"0\" type=\"captured\" wallClockTime=\"" + zero +
         "\" presentationTime=\"0\"><UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" "
         "value=\"" +
         zero + "\"/></ProducerReferenceTime>";
}

/// How far from live a player should be, and how fast it may come there.
std::string service_description() {
  return "<ServiceDescription id=\"0\"><Latency referenceId=\"0\" target=\"1500\" min=\"500\" "
         "max=\"6000\"/><PlaybackRate min=\"0.96\" max=\"1.1\"/></ServiceDescription>";
}

/// Which event messages its media hold (ISO/IEC 23009-1 section 5.10.3.3); without a value: all of
/// a scheme.
std::string event_streams(const EventStreams& events) {
  std::string out;
  for (const auto& scheme : events.schemes)
    out += "<InbandEventStream schemeIdUri=\"" + xml_escape(scheme) + "\"/>";
  return out;
}

/// Of a kind, each once: what is coded differently is no choice within one set.
std::vector<std::string_view> codec_families(const SegmentWindow& window, TrackKind kind) {
  std::vector<std::string_view> out;
  for (const auto& rendition : window.renditions())
    if (rendition.kind == kind && std::ranges::find(out, rendition.codec_family()) == out.end())
      out.push_back(rendition.codec_family());
  return out;
}

/// All renditions of a kind and a codec: what a player may switch between.
std::string adaptation_set(const SegmentWindow& window, TrackKind kind, std::string_view family,
                           Latency latency, const EventStreams& events, std::uint64_t epoch,
                           std::int64_t& last_end_us) {
  std::string all;
  for (const auto& rendition : window.renditions())
    if (rendition.kind == kind && rendition.codec_family() == family)
      all += representation(window, rendition, latency, epoch, last_end_us);
  if (all.empty()) return {};
  const std::string name(folder(kind));
  return "<AdaptationSet contentType=\"" + name + "\" mimeType=\"" + name +
         "/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">" +
         (kind == events.kind ? event_streams(events) : std::string()) +
         (latency == Latency::low ? reference_time(window, epoch) : std::string()) + all +
         "</AdaptationSet>";
}

/// Captions as WebVTT (DASH-IF IOP 5 part 7: each segment a file): the whole segments of the
/// published picture.
std::string caption_set(const SegmentWindow& window, const CaptionTrack& track,
                        std::uint64_t epoch) {
  const auto* picture = window.find(TrackKind::video);
  if (picture == nullptr) return {};
  std::uint64_t first_number = 0;
  std::int64_t end_us = 0;
  const auto segments = timeline(window, *picture, Latency::usual, epoch, first_number, end_us);
  if (segments.empty()) return {};
  const auto name = xml_escape(track.folder);
  return "<AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" segmentAlignment=\"true\"" +
         (track.language.empty() ? std::string() : " lang=\"" + xml_escape(track.language) + "\"") +
         "><Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"caption\"/><Label>" +
         xml_escape(track.name) + "</Label><Representation id=\"" + name +
         "\" bandwidth=\"1000\"><SegmentTemplate timescale=\"1000000\" startNumber=\"" +
         std::to_string(first_number) + "\" media=\"" + name +
         "/segment-$Number$.vtt\"><SegmentTimeline>" + segments +
         "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>";
}

/// How much there is to go back to.
std::int64_t kept_us(const SegmentWindow& window) {
  std::int64_t least_us = window.options().window_us;
  for (const auto& rendition : window.renditions()) {
    if (rendition.segments.empty()) continue;
    const auto &first = rendition.segments.front(), &last = rendition.segments.back();
    least_us = std::min(least_us, last.wall_us + last.duration_us - first.wall_us);
  }
  return least_us;
}

std::string manifest(const SegmentWindow& window, std::int64_t now_us, std::string_view base_url,
                     Latency latency, const DashExtras& extras) {
  const auto all = epochs(window, latency);
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
      for (const auto family : codec_families(window, kind))
        sets += adaptation_set(window, kind, family, latency, extras.events, epoch, last_end_us);
    for (const auto& track : extras.captions) sets += caption_set(window, track, epoch);
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
           duration(latency == Latency::low ? kept_us(window)
                                            : std::max(window.options().window_us, 3 * target_us)) +
           "\" suggestedPresentationDelay=\"" +
           duration(latency == Latency::low ? kLowDelayUs : target_us) + "\">";
  }
  if (!base_url.empty()) out += "<BaseURL>" + xml_escape(base_url) + "</BaseURL>";
  if (latency == Latency::low && !window.ended()) out += service_description();
  out += periods;
  if (!window.ended()) {
    out += "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"" +
           date_time_text(now_us) + "\"/>";
  }
  return out + "</MPD>\n";
}

}  // namespace

std::string dash_manifest(const SegmentWindow& window, std::int64_t now_us,
                          std::string_view base_url, const DashExtras& extras) {
  return manifest(window, now_us, base_url, Latency::usual, extras);
}

std::string dash_low_latency_manifest(const SegmentWindow& window, std::int64_t now_us,
                                      std::string_view base_url, const DashExtras& extras) {
  return manifest(window, now_us, base_url, Latency::low, extras);
}

}  // namespace troupe::media

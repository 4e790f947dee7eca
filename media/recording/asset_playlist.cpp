#include "media/recording/asset_playlist.hpp"

#include <algorithm>
#include <span>

#include "media/playlist/text.hpp"

namespace troupe::media {
namespace {

using Segments = std::span<const RecordedSegment>;

/// The segments of one publication of a track: they lie together.
Segments segments_of(const AssetMedia& media, TrackKind kind, std::uint64_t epoch) {
  const auto track = media.recording.find(kind);
  if (track == media.recording.end()) return {};
  const auto& all = track->second.segments;
  const auto [begin, end] = std::ranges::equal_range(all, epoch, {}, &RecordedSegment::epoch);
  return {begin, end};
}

const Track* track_of(const AssetPart& part, TrackKind kind) {
  const auto it = std::ranges::find(part.tracks, kind, &Track::kind);
  return it == part.tracks.end() ? nullptr : &*it;
}

std::int64_t bits_per_second(std::uint64_t bytes, std::int64_t us) {
  return us <= 0 ? 1
                 : std::max<std::int64_t>(static_cast<std::int64_t>(bytes) * 8'000 /
                                              std::max<std::int64_t>(us / 1'000, 1),
                                          1);
}

std::int64_t peak(Segments segments) {
  std::int64_t most = 1;
  for (const auto& one : segments)
    most = std::max(most, bits_per_second(one.bytes, one.duration_us));
  return most;
}

std::int64_t target_duration_s(const AssetMedia& media) {
  std::int64_t longest_us = 0;
  for (const auto& [kind, track] : media.recording)
    for (const auto& segment : track.segments)
      longest_us = std::max(longest_us, segment.duration_us);
  return std::max<std::int64_t>((longest_us + 999'999) / 1'000'000, 1);
}

std::string head(const AssetMedia& media) {
  return "#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-TARGETDURATION:" +
         std::to_string(target_duration_s(media)) + "\n#EXT-X-MEDIA-SEQUENCE:0\n";
}

std::string date_time(const AssetPart& part, std::int64_t media_us) {
  return "#EXT-X-PROGRAM-DATE-TIME:" +
         date_time_text(static_cast<std::int64_t>(part.epoch) + media_us) + "\n";
}

std::string name_of(const RecordedSegment& segment) {
  return "segment-" + std::to_string(segment.epoch) + "-" + std::to_string(segment.number);
}

/// All that the publications were encoded with, each once.
std::string codecs_of(const AssetMedia& media) {
  std::vector<std::string> all;
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    for (const auto& part : media.parts) {
      const auto* track = track_of(part, kind);
      if (track != nullptr && std::ranges::find(all, track->codecs) == all.end())
        all.push_back(track->codecs);
    }
  }
  std::string out;
  for (const auto& one : all) out += (out.empty() ? "" : ",") + one;
  return out;
}

std::string duration(std::int64_t us) {
  return "PT" + seconds_text(us, 3) + "S";
}

std::string adaptation_set(const AssetPart& part, TrackKind kind, Segments segments) {
  const auto* track = track_of(part, kind);
  if (track == nullptr || segments.empty()) return {};
  const std::string name(kind_name(kind));
  const auto epoch = std::to_string(part.epoch);
  const bool sap = std::ranges::all_of(segments, &RecordedSegment::key);
  std::string out = "<AdaptationSet contentType=\"" + name + "\" mimeType=\"" + name +
                    "/mp4\" segmentAlignment=\"true\"" + (sap ? " startWithSAP=\"1\"" : "") +
                    "><Representation id=\"" + name + "\" codecs=\"" + xml_escape(track->codecs) +
                    "\" bandwidth=\"" + std::to_string(peak(segments)) + "\"";
  if (kind == TrackKind::video) {
    out += " width=\"" + std::to_string(track->width) + "\" height=\"" +
           std::to_string(track->height) + "\">";
  } else {
    if (track->sample_rate > 0)
      out += " audioSamplingRate=\"" + std::to_string(track->sample_rate) + "\"";
    out +=
        "><AudioChannelConfiguration "
        "schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"" +
        std::to_string(track->channels) + "\"/>";
  }
  out += "<SegmentTemplate timescale=\"1000000\" presentationTimeOffset=\"" +
         std::to_string(part.begin_us) + "\" startNumber=\"" +
         std::to_string(segments.front().number) + "\" initialization=\"" + name + "/init-" +
         epoch + ".mp4\" media=\"" + name + "/segment-" + epoch +
         "-$Number$.m4s\"><SegmentTimeline>";
  for (const auto& segment : segments)
    out += "<S t=\"" + std::to_string(segment.start_us) + "\" d=\"" +
           std::to_string(segment.duration_us) + "\"/>";
  return out + "</SegmentTimeline></SegmentTemplate></Representation></AdaptationSet>";
}

std::string vtt_time(std::int64_t us) {
  const auto text = [](std::int64_t number, int digits) {
    auto out = std::to_string(number);
    return std::string(static_cast<std::size_t>(std::max(0, digits - static_cast<int>(out.size()))),
                       '0') +
           out;
  };
  const auto ms = us / 1'000;
  return text(ms / 3'600'000, 2) + ":" + text(ms / 60'000 % 60, 2) + ":" +
         text(ms / 1'000 % 60, 2) + "." + text(ms % 1'000, 3);
}

}  // namespace

TrackKind main_kind(const AssetMedia& media) noexcept {
  return media.recording.contains(TrackKind::video) ? TrackKind::video : TrackKind::audio;
}

std::string asset_playlist(const AssetMedia& media) {
  std::string out = "#EXTM3U\n#EXT-X-VERSION:8\n";
  const auto video = media.recording.find(TrackKind::video);
  const auto audio = media.recording.find(TrackKind::audio);
  const bool both = video != media.recording.end() && audio != media.recording.end();
  if (both) {
    out +=
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Main\",DEFAULT=YES,AUTOSELECT=YES,"
        "CHANNELS=\"" +
        std::to_string(audio->second.track.channels) + "\",URI=\"audio/index.m3u8\"\n";
  }
  if (!media.captions.empty()) {
    out +=
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"Captions\",DEFAULT=NO,"
        "AUTOSELECT=YES,LANGUAGE=\"und\",URI=\"captions/index.m3u8\"\n";
  }
  std::int64_t most = 0, average = 0;
  for (const auto& [kind, track] : media.recording) {
    most += peak(track.segments);
    average += bits_per_second(track.bytes(), track.duration_us());
  }
  out += "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(most) +
         ",AVERAGE-BANDWIDTH=" + std::to_string(average) + ",CODECS=\"" + codecs_of(media) + "\"";
  if (video != media.recording.end()) {
    const auto& track = video->second.track;
    out += ",RESOLUTION=" + std::to_string(track.width) + "x" + std::to_string(track.height);
  }
  if (both) out += ",AUDIO=\"audio\"";
  if (!media.captions.empty()) out += ",SUBTITLES=\"captions\"";
  return out + "\n" + std::string(kind_name(main_kind(media))) + "/index.m3u8\n";
}

std::string asset_playlist(const AssetMedia& media, TrackKind kind) {
  const auto other = kind == TrackKind::video ? TrackKind::audio : TrackKind::video;
  auto out = head(media);
  for (const auto& part : media.parts) {
    if (&part != &media.parts.front()) out += "#EXT-X-DISCONTINUITY\n";
    auto segments = segments_of(media, kind, part.epoch);
    const bool gap = segments.empty();
    if (gap) segments = segments_of(media, other, part.epoch);
    if (!gap) out += "#EXT-X-MAP:URI=\"init-" + std::to_string(part.epoch) + ".mp4\"\n";
    out += date_time(part, segments.front().start_us);
    for (const auto& segment : segments) {
      if (gap) out += "#EXT-X-GAP\n";
      out +=
          "#EXTINF:" + seconds_text(segment.duration_us, 5) + ",\n" + name_of(segment) + ".m4s\n";
    }
  }
  return out + "#EXT-X-ENDLIST\n";
}

std::string asset_captions_playlist(const AssetMedia& media) {
  auto out = head(media);
  for (const auto& part : media.parts) {
    if (&part != &media.parts.front()) out += "#EXT-X-DISCONTINUITY\n";
    auto segments = segments_of(media, main_kind(media), part.epoch);
    if (segments.empty()) segments = segments_of(media, TrackKind::audio, part.epoch);
    out += date_time(part, segments.front().start_us);
    for (const auto& segment : segments)
      out +=
          "#EXTINF:" + seconds_text(segment.duration_us, 5) + ",\n" + name_of(segment) + ".vtt\n";
  }
  return out + "#EXT-X-ENDLIST\n";
}

std::optional<std::string> asset_captions_segment(const AssetMedia& media, std::uint64_t epoch,
                                                  std::uint64_t number) {
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    const auto* segment = media.segment(kind, epoch, number);
    if (segment == nullptr) continue;
    return media.captions.webvtt(epoch, segment->start_us,
                                 segment->start_us + segment->duration_us);
  }
  return std::nullopt;
}

std::string asset_manifest(const AssetMedia& media) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD "
      "xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" "
      "type=\"static\" minBufferTime=\"" +
      duration(target_duration_s(media) * 500'000) + "\" mediaPresentationDuration=\"" +
      duration(media.duration_us()) + "\">";
  for (const auto& part : media.parts) {
    out += "<Period id=\"" + std::to_string(part.epoch) + "\" start=\"" + duration(part.at_us) +
           "\" duration=\"" + duration(part.duration_us()) + "\">";
    for (const auto kind : {TrackKind::video, TrackKind::audio})
      out += adaptation_set(part, kind, segments_of(media, kind, part.epoch));
    out += "</Period>";
  }
  return out + "</MPD>\n";
}

std::string asset_captions(const AssetMedia& media) {
  std::string out = "WEBVTT\n";
  for (const auto& part : media.parts)
    out += media.captions.cues(part.epoch, part.begin_us, part.end_us, part.at_us - part.begin_us);
  return out;
}

std::string asset_thumbnails(const AssetMedia& media) {
  std::string out = "WEBVTT\n";
  const auto at = [&](const RecordedThumbnail& one) {
    const auto* part = media.part(one.epoch);
    return part->at_us + std::clamp(one.media_us, part->begin_us, part->end_us) - part->begin_us;
  };
  const auto& all = media.thumbnails;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (media.part(all[i].epoch) == nullptr) continue;
    const bool next = i + 1 < all.size() && media.part(all[i + 1].epoch) != nullptr;
    const auto end_us = next ? at(all[i + 1]) : media.duration_us();
    if (end_us <= at(all[i])) continue;
    out += "\n" + vtt_time(at(all[i])) + " --> " + vtt_time(end_us) + "\nthumb-" +
           std::to_string(all[i].epoch) + "-" + std::to_string(all[i].media_us) + ".jpg\n";
  }
  return out;
}

}  // namespace troupe::media

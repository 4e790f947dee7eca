#include <algorithm>

#include "media/playlist/hls.hpp"

namespace troupe::media {
namespace {

/// Players give up on a playlist that has parts only.
bool has_whole_segment(const Rendition& rendition) {
  return !rendition.segments.empty() && rendition.segments.front().complete;
}

/// Bits a second at the peak and on average, over the complete segments; a guess while there is
/// none.
struct Bandwidth {
  std::int64_t peak = 0, average = 0;
};
Bandwidth bandwidth(const Rendition& rendition) {
  std::int64_t bytes = 0, duration_us = 0;
  Bandwidth result;
  for (const auto& segment : rendition.segments) {
    std::int64_t size = 0;
    if (segment.bytes) {
      size = static_cast<std::int64_t>(segment.bytes->size());
    } else {
      for (const auto& part : segment.parts) size += static_cast<std::int64_t>(part.bytes->size());
    }
    if (segment.duration_us <= 0) continue;
    bytes += size;
    duration_us += segment.duration_us;
    result.peak = std::max(result.peak, size * 8'000'000 / segment.duration_us);
  }
  if (duration_us > 0) result.average = bytes * 8'000'000 / duration_us;
  return result;
}

std::string variant(const Rendition& main, const Rendition* sound, std::string_view prefix,
                    bool captions) {
  auto total = bandwidth(main);
  auto codecs = main.track.codecs;
  if (sound != nullptr) {
    const auto own = bandwidth(*sound);
    total.peak += own.peak;
    total.average += own.average;
    codecs += "," + sound->track.codecs;
  }
  std::string out =
      "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(std::max<std::int64_t>(total.peak, 1)) +
      ",AVERAGE-BANDWIDTH=" + std::to_string(std::max<std::int64_t>(total.average, 1)) +
      ",CODECS=\"" + codecs + "\"";
  if (main.kind == TrackKind::video) {
    out +=
        ",RESOLUTION=" + std::to_string(main.track.width) + "x" + std::to_string(main.track.height);
    if (sound != nullptr) out += ",AUDIO=\"" + sound->name + "\"";
    if (captions) out += ",SUBTITLES=\"captions\"";
  }
  return out + "\n" + std::string(prefix) + main.name + "/index.m3u8\n";
}

/// Whether `sound` is offered with `picture`. One that is coded differently from what was published
/// is for players that cannot play that: with each picture. A smaller one of the same coding is for
/// thin lines: with the smallest picture that was made, instead of the published sound.
bool go_together(const Rendition& picture, const Rendition& sound,
                 const std::vector<const Rendition*>& pictures,
                 const std::vector<const Rendition*>& sounds) {
  const bool smallest = picture.made() && &picture == pictures.back();
  const auto smaller = [&](const Rendition* other) {
    return other->made() && other->codec_family() == sounds.front()->codec_family();
  };
  if (&sound == sounds.front()) return !smallest || std::ranges::none_of(sounds, smaller);
  return smallest || !smaller(&sound);
}

}  // namespace

std::string multivariant_playlist(const SegmentWindow& window, std::string_view prefix,
                                  const std::vector<CaptionTrack>& captions) {
  std::vector<const Rendition*> pictures, sounds;
  for (const auto kind : {TrackKind::video, TrackKind::audio}) {
    auto& all = kind == TrackKind::video ? pictures : sounds;
    if (const auto* published = window.find(kind)) all.push_back(published);
    for (const auto& rendition : window.renditions())
      if (rendition.kind == kind && rendition.made() && has_whole_segment(rendition))
        all.push_back(&rendition);
  }
  std::string out = "#EXTM3U\n#EXT-X-VERSION:9\n";
  if (!pictures.empty()) {
    for (const auto* sound : sounds)
      out += "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"" + sound->name +
             "\",NAME=\"Main\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"" +
             std::to_string(sound->track.channels) + "\",URI=\"" + std::string(prefix) +
             sound->name + "/index.m3u8\"\n";
  }
  if (!pictures.empty()) {
    for (const auto& track : captions) {
      out += "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"captions\",NAME=\"" + track.name + "\"";
      if (!track.language.empty()) out += ",LANGUAGE=\"" + track.language + "\"";
      out +=
          ",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
          "CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
          "public.accessibility.describes-music-and-sound\",URI=\"" +
          std::string(prefix) + track.folder + "/index.m3u8\"\n";
    }
  }
  for (const auto* picture : pictures) {
    if (sounds.empty()) out += variant(*picture, nullptr, prefix, !captions.empty());
    for (const auto* sound : sounds)
      if (go_together(*picture, *sound, pictures, sounds))
        out += variant(*picture, sound, prefix, !captions.empty());
  }
  for (const auto* sound : sounds) out += variant(*sound, nullptr, prefix, false);
  return out;
}

}  // namespace troupe::media

// What the tests of playlists share: an encoder's publication and the window it fills.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "media/playlist/dash.hpp"
#include "media/playlist/hls.hpp"

namespace troupe::test {

using namespace troupe::media;

inline constexpr std::int64_t kStartUs = 1'700'000'000'000'000;

inline std::vector<Track> tracks() {
  Track video;
  video.id = 1;
  video.codecs = "avc1.64001f";
  video.width = 1280;
  video.height = 720;
  video.init = std::make_shared<const std::string>("video init");
  Track audio;
  audio.id = 2;
  audio.kind = TrackKind::audio;
  audio.codecs = "mp4a.40.2";
  audio.channels = 2;
  audio.sample_rate = 48'000;
  audio.init = std::make_shared<const std::string>("audio init");
  return {video, audio};
}

/// An encoder's publication: chunks of picture and sound, in the order in which they end.
class Publication {
 public:
  /// `clock_us`: what times are rounded to.
  Publication(std::int64_t frame_us, int frames_per_chunk, int frames_per_group,
              std::int64_t clock_us = 1)
      : frame_us_(frame_us),
        per_chunk_(frames_per_chunk),
        per_group_(frames_per_group),
        clock_us_(clock_us) {}

  /// The next chunk of whichever track ends first.
  Chunk next() {
    const auto in_group = frame_ % per_group_;
    const auto frames = std::min(per_chunk_, per_group_ - in_group);
    const auto video_end = (frame_ + frames) * frame_us_;
    const auto audio_end = (aac_ + 5) * 1'024'000'000 / 48'000;
    Chunk chunk;
    chunk.sequence = ++sequence_;
    if (video_end <= audio_end) {
      chunk.track = 1;
      chunk.start_us = at(frame_);
      // The last picture's duration is told before the next has come: that of the one before.
      const auto last = frame_ + frames - 1;
      chunk.duration_us =
          at(last) - chunk.start_us +
          (at(std::max<std::int64_t>(last, 1)) - at(std::max<std::int64_t>(last, 1) - 1));
      chunk.key = in_group == 0;
      frame_ += frames;
    } else {
      chunk.track = 2;
      chunk.start_us = aac_ * 1'024'000'000 / 48'000;
      chunk.duration_us = audio_end - chunk.start_us;
      chunk.key = true;
      aac_ += 5;
    }
    chunk.wall_us = kStartUs + chunk.start_us + chunk.duration_us;
    chunk.bytes = std::make_shared<const std::string>("<" + std::to_string(chunk.track) + ":" +
                                                      std::to_string(chunk.start_us) + ">");
    return chunk;
  }

 private:
  [[nodiscard]] std::int64_t at(std::int64_t frame) const {
    return (frame * frame_us_ + clock_us_ / 2) / clock_us_ * clock_us_;
  }

  const std::int64_t frame_us_;
  const std::int64_t per_chunk_, per_group_, clock_us_;
  std::int64_t frame_ = 0, aac_ = 0;
  std::uint64_t sequence_ = 0;
};

inline void feed(SegmentWindow& window, Publication& publication, std::int64_t until_us) {
  for (auto chunk = publication.next();; chunk = publication.next()) {
    window.push(chunk);
    if (chunk.start_us >= until_us) return;
  }
}

inline const Rendition& video_of(const SegmentWindow& window) {
  return *window.find(TrackKind::video);
}
inline const Rendition& audio_of(const SegmentWindow& window) {
  return *window.find(TrackKind::audio);
}

}  // namespace troupe::test

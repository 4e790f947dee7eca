// What the packager hands on: immutable CMAF bytes, shared by every viewer, the recorder and the
// playlists.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::media {

enum class TrackKind : std::uint8_t { video, audio };

/// One track of a session, known once its codec parameters are. One CMAF track per elementary
/// stream (ISO/IEC 23000-19): each has its own `ftyp`+`moov`.
struct Track {
  std::uint32_t id = 0;  ///< Also the track_ID in its `moov` and `tfhd`: 1 video, 2 audio.
  TrackKind kind = TrackKind::video;
  std::string codecs;  ///< RFC 6381, e.g. "avc1.64001f", "mp4a.40.2"
  std::string mime;    ///< with codecs parameter, as MediaSource.addSourceBuffer wants it
  std::uint32_t timescale = 0;
  int width = 0, height = 0;                ///< video
  int sample_rate = 0, channels = 0;        ///< audio
  std::shared_ptr<const std::string> init;  ///< `ftyp`+`moov`
  std::string name;    ///< of a rendition that the ladder made: "360p"; empty: as it was published
  int kbit_per_s = 0;  ///< that it was made for
};

/// `moof`+`mdat` of one track (preceded by `prft` when it is video). Never changes after it is
/// made.
struct Chunk {
  std::uint64_t sequence = 0;  ///< Ascending over all tracks of the session.
  std::uint32_t track = 0;
  std::int64_t start_us =
      0;  ///< Decode time of the first sample on the session's timeline, which starts at 0.
  std::int64_t duration_us = 0;
  std::uint32_t frames = 0;  ///< samples in it
  bool key = false;          ///< Video: starts with a key frame. Audio: always true.
  std::chrono::steady_clock::time_point
      completed;             ///< When its last byte had come in, before demuxing and packaging.
  std::int64_t wall_us = 0;  ///< Unix time of the same moment.
  std::shared_ptr<const std::string> bytes;
};

using ChunkPtr = std::shared_ptr<const Chunk>;

}  // namespace troupe::media

// Playlists of HTTP Live Streaming, low latency included (draft-ietf-hls-rfc8216bis), out of a
// SegmentWindow. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "media/playlist/captions.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe::media {

/// What a client asks of a media playlist (section 6.2.5): `_HLS_msn`, `_HLS_part`, `_HLS_skip`.
struct Reload {
  std::optional<std::uint64_t> number;
  std::optional<std::size_t> part;
  bool skip = false;
};
/// Reads the three directives; those that are absent are nothing. Errors: invalid_argument (not a
/// number, `_HLS_part` without `_HLS_msn`, an unknown `_HLS_skip`).
[[nodiscard]] Result<Reload> parse_reload(const std::optional<std::string>& msn,
                                          const std::optional<std::string>& part,
                                          const std::optional<std::string>& skip);

/// Whether the playlist that `reload` asks for is there: true now, false not yet (hold the
/// request). Errors: invalid_argument when it asks for what is too far ahead (section 6.2.5.2).
[[nodiscard]] Result<bool> is_ready(const SegmentWindow& window, const Rendition& rendition,
                                    const Reload& reload);

/// How long a request for what is not there may be held: three target durations.
[[nodiscard]] std::int64_t max_hold_s(const SegmentWindow& window) noexcept;

/// The multivariant playlist (section 4.4.6): a variant for each rendition of the picture that has
/// a whole segment, with each sound that goes with it, and one of each sound alone. `prefix` stands
/// before the media playlists' URIs. The window has a rendition.
[[nodiscard]] std::string multivariant_playlist(const SegmentWindow& window,
                                                std::string_view prefix,
                                                const std::vector<CaptionTrack>& captions = {});

/// The media playlist of one rendition; `prefix` stands before the URIs of media. With `skip` it is
/// a delta update (section 6.2.5.1) where there is enough to skip.
[[nodiscard]] std::string media_playlist(const SegmentWindow& window, const Rendition& rendition,
                                         bool skip, std::string_view prefix);

/// The playlist of captions: they have the segments and parts of the published picture, `video`.
[[nodiscard]] std::string caption_playlist(const SegmentWindow& window, const Rendition& video,
                                           bool skip, std::string_view prefix);

/// What a URI of a media playlist names, inside a rendition's folder.
struct MediaFile {
  enum class Kind { init, segment, part } kind = Kind::init;
  std::uint64_t number = 0;  ///< segment's number; of an init: the epoch
  std::size_t part = 0;
  /// Of a segment or part: it is there only if it is of this publication. Players of DASH that
  /// count on by the clock must not take a segment of the next Period for one of this, nor those of
  /// HLS the first part of the next publication for the one that this hinted at. 0: of any.
  std::uint64_t epoch = 0;
};
/// "init-7.mp4", "segment-12.m4s", "part-12.3.m4s", of publication 7 alone "segment-7-12.m4s",
/// "part-7-12.3.m4s".
[[nodiscard]] std::optional<MediaFile> parse_media_file(std::string_view name) noexcept;
[[nodiscard]] std::string file_name(const MediaFile& file);

/// "segment-12.vtt", "part-12.3.vtt".
[[nodiscard]] std::optional<MediaFile> parse_caption_file(std::string_view name);
/// The publication and the time that a caption file covers. Nothing: it is not there.
struct Span {
  std::uint64_t epoch = 0;
  std::int64_t from_us = 0, to_us = 0;
};
[[nodiscard]] std::optional<Span> span_of(const Rendition& video, const MediaFile& file);

/// The bytes of `file` when they are there. Nothing and `may_come` when the playlist has hinted at
/// it, or it is the segment after the last: hold the request. Nothing and `under_way`: a segment of
/// which a part is there. Nothing and `beyond`: its publication, which another has followed, ended
/// before it. Nothing else: 404.
struct FoundFile {
  SharedBytes bytes;
  bool may_come = false;
  bool under_way = false;
  bool beyond = false;
};
[[nodiscard]] FoundFile find_file(const SegmentWindow& window, const Rendition& rendition,
                                  const MediaFile& file);

}  // namespace troupe::media

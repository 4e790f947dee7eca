// The sliding window of a live session that playlists describe: chunks gathered into parts, parts
// into segments.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/chunk.hpp"

namespace troupe::media {

using SharedBytes = std::shared_ptr<const std::string>;

/// A partial segment (RFC 8216bis section 3.1): one or more whole chunks.
struct Part {
  std::int64_t duration_us = 0;
  bool independent = false;  ///< holds a key frame
  SharedBytes bytes;         ///< null in whole segments that are far back: see bytes_of
  std::size_t size = 0;      ///< of those that are null
  /// What bytes_of made, as long as anybody has it.
  mutable std::weak_ptr<const std::string> again = {};
};

struct Segment {
  std::uint64_t number = 0;  ///< media sequence number
  std::size_t ordinal =
      0;  ///< counts from 0 in each publication: sound and picture are cut at the same times
  std::uint64_t epoch = 0;    ///< which publication, hence which init segment
  std::int64_t start_us = 0;  ///< decode time on the publication's timeline
  std::int64_t duration_us = 0;
  std::int64_t wall_us = 0;    ///< Unix time of its first sample
  bool independent = false;    ///< begins with a key frame
  bool discontinuity = false;  ///< first of a publication that is not the first
  bool complete = false;
  std::vector<Part> parts;
  SharedBytes bytes;  ///< when complete
};
/// Also of a part that no playlist lists any more: players that listed it once (shaka-player) ask
/// for it when they go back. Copied out of its segment then, once for all who have it at a time.
/// Not thread-safe, as all of the window.
[[nodiscard]] SharedBytes bytes_of(const Segment& segment, std::size_t part);

/// Where a window cuts, so that another of the same stream cuts there too (an edge's).
struct WindowCuts {
  struct Row {
    std::string name;  ///< of the rendition
    /// Of the segment under way, else of the one that comes next.
    std::uint64_t number = 0;
    std::uint64_t ordinal = 0;
    std::optional<std::int64_t> start_us;  ///< of the segment under way; nothing: none is
    std::uint64_t discontinuities = 0;     ///< up to that segment
    std::int64_t part_target_us = 0, chunk_us = 0;

    friend bool operator==(const Row&, const Row&) = default;
  };
  std::uint64_t epoch = 0;
  std::int64_t segment_us = 0, part_us = 0;
  std::optional<std::int64_t> epoch_wall_us, origin_us;
  std::vector<Row> rows;

  friend bool operator==(const WindowCuts&, const WindowCuts&) = default;
};

/// One track over all its publications.
struct Rendition {
  TrackKind kind = TrackKind::video;
  std::string name;                 ///< and folder: "video", "audio", or the ladder's: "360p"
  Track track;                      ///< of the newest publication
  std::int64_t part_target_us = 0;  ///< 0 until the first chunk told how long chunks are
  std::int64_t chunk_us = 0;        ///< of the first chunk
  std::uint64_t discontinuities_gone = 0;  ///< EXT-X-DISCONTINUITY-SEQUENCE
  std::uint64_t next_number = 0;           ///< of the segment that follows the last
  std::deque<Segment>
      segments;  ///< ascending numbers without holes; only the last may be incomplete
  std::map<std::uint64_t, SharedBytes> inits;  ///< by epoch, as long as a segment needs it
  /// The segment of another window that was under way when this one began: its chunks are left out
  /// unless all of them come.
  std::optional<WindowCuts::Row> follows;
  std::size_t first_ordinal = 0;  ///< of the publication's first segment here

  [[nodiscard]] const Segment* find(std::uint64_t number) const noexcept;
  /// Of the ladder: follows the cuts of the leading rendition, and may go before it does.
  [[nodiscard]] bool made() const noexcept { return !track.name.empty(); }
  /// How it is coded: "mp4a" of "mp4a.40.2".
  [[nodiscard]] std::string_view codec_family() const noexcept;
  /// The part that comes next: its segment's number and its index there.
  struct Position {
    std::uint64_t number = 0;
    std::size_t part = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
  };
  [[nodiscard]] Position next() const noexcept;
};

/// Something that happens at a moment of a publication: timed metadata.
struct Mark {
  std::string id;  ///< unique within the window
  std::uint64_t epoch = 0;
  std::int64_t media_us = 0;
  std::string scheme;  ///< printable ASCII without quotes
  std::string payload;
  std::uint32_t event = 0;  ///< id of its event message
};

/// What is left of a window after its process ended. All segments are complete.
struct SavedWindow {
  std::vector<Rendition> renditions;
  std::optional<std::int64_t> origin_us;
};

struct WindowOptions {
  std::int64_t segment_us = 2'000'000;  ///< a segment ends at the first key frame after this
  std::int64_t part_us = 200'000;       ///< parts are about this long: a whole number of chunks
  std::int64_t window_us = 60'000'000;  ///< what viewers may rewind
  /// Of one rendition; the oldest segments go first. Three target durations stay as long as they
  /// have less than twice this.
  std::size_t max_bytes = 64U << 20;
};

/// "video" or "audio": name and folder of a rendition as it was published.
[[nodiscard]] std::string_view folder(TrackKind kind) noexcept;

/// Groups the chunks of one live session. Not thread-safe; no clock of its own. Segments longer
/// than the target duration or larger than 64 MiB cannot arise: where no key frame comes in time, a
/// segment ends without one.
class SegmentWindow {
 public:
  explicit SegmentWindow(WindowOptions options);
  /// Goes on where that one ended, as after `stop`.
  SegmentWindow(WindowOptions options, SavedWindow saved);

  /// A publication begins. Its first segments carry a discontinuity when there are segments
  /// already.
  void begin(std::uint64_t epoch, const std::vector<Track>& tracks);
  /// After `begin` of the same publication in a window without segments of it: cuts as that other
  /// window did, and numbers its segments so. False: they do not fit what is here; begin afresh in
  /// a new window. `options` has to have `segment_us` and `part_us` of `cuts`.
  [[nodiscard]] bool follow(const WindowCuts& cuts);
  [[nodiscard]] WindowCuts cuts() const;
  /// The ladder makes these, from now on; those that are not listed any more go. Nothing happens
  /// when another publication runs.
  void set_made(std::uint64_t epoch, const std::vector<Track>& tracks);
  /// Chunks of one track in order. Those of unknown tracks are ignored. True when a part or a
  /// segment became whole.
  bool push(const Chunk& chunk);
  /// The publisher is gone: what is open becomes complete, so that viewers see all of it.
  void stop();
  /// Nothing will follow.
  void end();

  /// Playlists tell of it as long as its moment is in the window. Of more than kMaxMarkBytes the
  /// oldest go: each reload of a playlist carries all.
  void mark(Mark mark);
  [[nodiscard]] const std::deque<Mark>& marks() const noexcept { return marks_; }
  static constexpr std::size_t kMaxMarkBytes = 24U << 10;

  /// As it was published.
  [[nodiscard]] const Rendition* find(TrackKind kind) const noexcept;
  /// Whose cuts the others follow: the published picture, else the published sound.
  [[nodiscard]] const Rendition* leading() const noexcept;
  [[nodiscard]] const Rendition* find(std::string_view name) const noexcept;
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  /// The rendition of a chunk's track; null: none.
  [[nodiscard]] const Rendition* of_track(std::uint32_t track) const noexcept;
  /// What there is of the segment under way, also of its open part: pieces in order, shared with
  /// all who have them. None when none is.
  [[nodiscard]] std::vector<SharedBytes> under_way(const Rendition& rendition) const;
  [[nodiscard]] const std::vector<Rendition>& renditions() const noexcept { return renditions_; }
  /// Somebody publishes.
  [[nodiscard]] bool on_air() const noexcept { return on_air_; }
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  [[nodiscard]] const WindowOptions& options() const noexcept { return options_; }
  /// Unix time of the zero of the very first publication; nothing before its first chunk.
  [[nodiscard]] std::optional<std::int64_t> origin_us() const noexcept { return origin_us_; }
  /// EXT-X-TARGETDURATION: constant for the life of the window.
  [[nodiscard]] std::int64_t target_duration_s() const noexcept;

 private:
  struct Open {
    std::vector<SharedBytes> chunks;
    std::size_t bytes = 0;
    std::int64_t duration_us = 0;
    bool independent = false;
  };
  Rendition* rendition_of(std::uint32_t track) noexcept;
  [[nodiscard]] const Segment* source_segment(const Chunk& chunk) const noexcept;
  [[nodiscard]] bool begins_segment(const Rendition& rendition, const Chunk& chunk) const;
  void open_segment(Rendition& rendition, const Chunk& chunk);
  /// False when there was none.
  bool close_part(Rendition& rendition);
  /// False: the chunk belongs to a segment of which this window has not got the beginning.
  bool catch_up(Rendition& rendition, const Chunk& chunk);
  void close_segment(Rendition& rendition);
  void trim(Rendition& rendition);

  WindowOptions options_;
  std::vector<Rendition> renditions_;
  std::map<std::string, Open, std::less<>> open_;  ///< by the rendition's name
  std::vector<WindowCuts::Row> made_rows_;         ///< of the followed window, for the ladder's
  bool following_ = false;
  std::deque<Mark> marks_;
  std::size_t mark_bytes_ = 0;
  std::uint64_t epoch_ = 0;
  std::optional<std::int64_t> epoch_wall_us_;  ///< Unix time of the publication's zero
  std::optional<std::int64_t> origin_us_;
  bool on_air_ = false, ended_ = false;
};

}  // namespace troupe::media

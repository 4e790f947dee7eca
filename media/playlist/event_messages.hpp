// Timed metadata inside the media: event message boxes (ISO/IEC 23009-1 section 5.10.3.3) in the
// chunks of a live window. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe::media {

/// Under this scheme the payload goes out as the text of an ID3v2.4 tag (AOMedia, Carriage of ID3
/// Timed Metadata in CMAF), which players of HLS understand.
inline constexpr std::string_view kId3Scheme = "https://aomedia.org/emsg/ID3";

/// An `emsg` of version 1, its moment in ticks of `timescale` on the media's timeline.
[[nodiscard]] std::string event_message(const Mark& mark, std::uint32_t timescale);

/// Reads `live.cue_schemes`: schemes with spaces between. Errors: invalid_argument.
[[nodiscard]] Result<std::vector<std::string>> parse_event_schemes(std::string_view text);

/// What a manifest says of the event messages in the media.
struct EventStreams {
  TrackKind kind = TrackKind::video;  ///< which media carry them
  std::vector<std::string> schemes;
};

/// Puts each message once into every rendition of the picture, or into the sound where there is no
/// picture: before the `moof` of the chunk in which its moment falls. One whose chunk has gone
/// already goes with the next, with its own time. Not thread-safe.
class EventMessages {
 public:
  /// `schemes` are announced from the start: players may learn no others later.
  explicit EventMessages(std::vector<std::string> schemes = {});

  /// A publication begins: what was to come in the one before is forgotten.
  void begin(std::uint64_t epoch, const std::vector<Track>& tracks);
  /// The renditions that the ladder makes now carry messages as well, and no others of it do.
  void set_made(const std::vector<Track>& tracks);
  /// Ignored when it is of another publication.
  void add(const Mark& mark);
  /// `chunk` with the messages that are due with it. Its track's chunks come in order.
  [[nodiscard]] Chunk carry(const Chunk& chunk);

  [[nodiscard]] const EventStreams& streams() const noexcept { return streams_; }

  /// Of messages that wait, and of those that a new rendition may still need: the oldest go.
  static constexpr std::size_t kMaxBytes = 1U << 20;
  static constexpr std::size_t kMaxSchemes = 32;

 private:
  struct Carrier {
    std::uint32_t timescale = 0;
    bool made = false;             ///< by the ladder
    bool begun = false;            ///< has carried a chunk
    std::uint64_t seen_until = 0;  ///< messages before this number are in `waiting`, or were
    std::vector<std::uint64_t> waiting;
  };
  void add_carriers(const std::vector<Track>& tracks);
  [[nodiscard]] const Mark* find(std::uint64_t number) const noexcept;

  EventStreams streams_;
  std::uint64_t epoch_ = 0;
  std::map<std::uint32_t, Carrier> carriers_;  ///< by track
  std::deque<Mark> marks_;
  std::uint64_t first_ = 0;  ///< number of marks_.front()
  std::size_t bytes_ = 0;
};

}  // namespace troupe::media

// What a viewer needs of a dynamic MPEG-DASH manifest (ISO/IEC 23009-1, SegmentTemplate with
// numbers). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace troupe::sim {

/// The first Representation of an AdaptationSet.
struct DashTrack {
  std::string content_type;           ///< "video", "audio"
  std::string initialization, media;  ///< `media` holds $Number$
  std::uint64_t start_number = 1;
  std::int64_t timescale = 1;
  std::optional<std::int64_t> duration;  ///< of every segment, in the timescale; else `listed`
  std::int64_t early_us = 0;             ///< availabilityTimeOffset
  struct Segment {
    std::int64_t start = 0, duration = 0;
  };
  std::vector<Segment> listed;  ///< from `start_number` on

  [[nodiscard]] std::string name(std::uint64_t number) const;
};

struct DashPeriod {
  std::string id;
  std::int64_t start_us = 0;
  bool closed = false;  ///< It has a duration: nothing more will come.
  std::vector<DashTrack> tracks;

  [[nodiscard]] const DashTrack* find(std::string_view content_type) const;
};

struct DashManifest {
  std::string base_url;
  std::int64_t available_from_us = 0;  ///< Unix time of the zero of periods
  std::int64_t clock_us = 0;           ///< the server's (UTCTiming `direct`)
  std::int64_t update_every_us = 0;
  std::vector<DashPeriod> periods;

  /// The last segment of a track with a `duration` that may be asked for at `now_us` of the
  /// server's clock; nothing yet: none (section A.3.4).
  [[nodiscard]] std::optional<std::uint64_t> newest(const DashPeriod& period,
                                                    const DashTrack& track,
                                                    std::int64_t now_us) const;
  /// When segment `number` of it may be asked for first.
  [[nodiscard]] std::int64_t available_us(const DashPeriod& period, const DashTrack& track,
                                          std::uint64_t number) const;
};

/// Errors: corrupt, with what is missing.
[[nodiscard]] Result<DashManifest> parse_dash(const std::string& text);

}  // namespace troupe::sim

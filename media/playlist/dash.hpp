// The MPEG-DASH manifest (ISO/IEC 23009-1:2022, DASH-IF IOP 5 live profile) out of a SegmentWindow.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "media/playlist/captions.hpp"
#include "media/playlist/event_messages.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe::media {

struct DashExtras {
  EventStreams events = {};  ///< the messages in the media
  std::vector<CaptionTrack> captions = {};
};

/// A dynamic MPD with one Period for each publication of the window, an AdaptationSet for each
/// rendition and its segments in a SegmentTimeline; static once the window has ended. `now_us`
/// (Unix) goes into UTCTiming, so that players need no other clock. `base_url` leads to the
/// renditions' folders; empty: they are beside the manifest. `extras`: what
/// else the session has for players.
[[nodiscard]] std::string dash_manifest(const SegmentWindow& window, std::int64_t now_us,
                                        std::string_view base_url, const DashExtras& extras = {});

/// The same for players with low latency (DASH-IF IOP 5 part 9): the segment under way is listed
/// with the length that it will have, and may be asked for from its first chunk on.
[[nodiscard]] std::string dash_low_latency_manifest(const SegmentWindow& window,
                                                    std::int64_t now_us, std::string_view base_url,
                                                    const DashExtras& extras = {});

}  // namespace troupe::media

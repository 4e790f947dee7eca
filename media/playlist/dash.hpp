// The MPEG-DASH manifest (ISO/IEC 23009-1:2022, DASH-IF IOP 5 live profile) out of a SegmentWindow.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "media/playlist/segment_window.hpp"

namespace troupe::media {

/// Where a manifest's media are: relative to the manifest, as RFC 3986 section 5 resolves them.
struct ManifestPlace {
  std::string base_url;  ///< of the renditions' folders; empty: beside the manifest
  std::string location;  ///< where the player finds the next update; empty: where it found this one
};

/// A dynamic MPD with one Period for each publication of the window, an AdaptationSet for each
/// rendition and its segments in a SegmentTimeline; static once the window has ended. `now_us`
/// (Unix) goes into UTCTiming, so that players need no other clock.
[[nodiscard]] std::string dash_manifest(const SegmentWindow& window, std::int64_t now_us,
                                        const ManifestPlace& place);

}  // namespace troupe::media

// Whether media that another server sent are what they say: CMAF of the tracks that it named.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"
#include "media/mp4_fragments.hpp"

namespace troupe::api::relay {

/// Pure. Looks at boxes and tables of samples, not at what they hold.
class MediaCheck {
 public:
  /// Init segments; earlier tracks that are not among `tracks` stay known. Errors: corrupt,
  /// too_large (more tracks than kMaxTracks at once).
  Result<void> add(const std::vector<media::Track>& tracks);
  void clear() noexcept { tracks_.clear(); }
  /// `[prft][emsg…]moof mdat` whose samples are of the chunk's track and lie in it. Errors:
  /// corrupt.
  Result<void> check(const media::Chunk& chunk);

 private:
  std::map<std::uint32_t, std::vector<media::Mp4Track>> tracks_;
};

}  // namespace troupe::api::relay

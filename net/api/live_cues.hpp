// Timed metadata of live sessions: what is to happen when the picture reaches a moment.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/live/session.hpp"
#include "base/token_bucket.hpp"
#include "media/chunk.hpp"
#include "media/playlist/segment_window.hpp"

namespace troupe::actors {
class Asker;
}
namespace troupe::http {
class Router;
}

namespace troupe::api {

inline constexpr std::size_t kMaxSchemeBytes = 200, kMaxCueBytes = 8U << 10;

struct Cue {
  std::uint64_t number = 0;   ///< Ascending, also over restarts.
  std::uint64_t epoch = 0;    ///< of the publication
  std::int64_t media_us = 0;  ///< on its timeline
  std::string scheme, payload;
};

/// Knows where each session's picture is, and the cues that newcomers are still to get. In memory.
/// Thread-safe.
class CueBook {
 public:
  void start(const live::Publication& publication);
  void chunk(const std::string& id, const media::Chunk& chunk);
  void stop(const std::string& id);

  /// `at_us`, Unix time: with the picture that comes in then; 0: with that which comes in now.
  /// Errors: conflict (nobody publishes), invalid_argument, too_large, rate_limited.
  [[nodiscard]] Result<Cue> add(const std::string& id, std::string scheme, std::string payload,
                                std::int64_t at_us, std::int64_t now_us);
  /// One that another server made, for newcomers.
  void keep(const std::string& id, const Cue& cue);
  /// What somebody who joins now may still have to dispatch, as `message`.
  [[nodiscard]] std::vector<std::string> pending(const std::string& id) const;

  /// As viewers over WebSocket get it.
  [[nodiscard]] static std::string message(const Cue& cue);
  /// As playlists and manifests tell of it.
  [[nodiscard]] static media::Mark mark(const Cue& cue);

 private:
  struct Running {
    std::uint64_t epoch = 0;
    std::uint32_t track = 0;
    std::int64_t end_us = 0;   ///< of the last chunk
    std::int64_t wall_us = 0;  ///< when it came; 0: none has
    std::deque<Cue> cues;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Running> sessions_;
  std::uint64_t last_number_ = 0;
  RateLimiter rate_{{5, 10}, 16'384};
};

struct LiveCueApi {
  std::shared_ptr<CueBook> book;
  const actors::Asker& asker;
  /// Takes it to all who watch.
  std::function<void(const std::string& id, const Cue& cue)> announce;
};
/// POST /api/v1/live/{id}/cues, for moderators.
void mount_live_cues(http::Router& router, LiveCueApi api);

}  // namespace troupe::api

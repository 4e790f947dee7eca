// Timed metadata of live sessions: what is to happen when the picture reaches a moment.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/live/cue_store.hpp"
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
namespace troupe::storage {
class Writer;
}

namespace troupe::api {

inline constexpr std::size_t kMaxSchemeBytes = 200, kMaxCueBytes = 8U << 10;

struct Cue {
  std::uint64_t number = 0;   ///< Ascending, also over restarts.
  std::uint64_t epoch = 0;    ///< of the publication
  std::int64_t media_us = 0;  ///< on its timeline
  std::string scheme, payload;
};

/// Knows where each session's picture is, the cues that newcomers are still to get, and those that
/// are due later than now: these go over to the publication that is on when they are. In memory;
/// `restore` brings back what was stored. Thread-safe.
class CueBook {
 public:
  void start(const live::Publication& publication);
  /// With the first picture of a publication: what is still due, on its timeline. It is to be told
  /// to all who watch.
  std::vector<Cue> chunk(const std::string& id, const media::Chunk& chunk);
  void stop(const std::string& id);

  /// `at_us`, Unix time: with the picture that comes in then; 0: with that which comes in now.
  /// Errors: conflict (nobody publishes), invalid_argument, too_large, rate_limited.
  [[nodiscard]] Result<Cue> add(const std::string& id, std::string scheme, std::string payload,
                                std::int64_t at_us, std::int64_t now_us);
  /// What is to be stored of a cue that `add` made, if it is due later than `now_us`, and what is
  /// to be stored no longer, of any session: the number of each with its session.
  struct Keep {
    std::optional<live::DueCue> due;
    std::vector<std::pair<std::string, std::uint64_t>> past;
  };
  [[nodiscard]] Keep keep_until_due(const std::string& id, const Cue& cue, std::int64_t at_us,
                                    std::int64_t now_us);
  /// One that was stored by a server before this one.
  void restore(const std::string& id, live::DueCue due);
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
  std::unordered_map<std::string, std::deque<live::DueCue>>
      due_;  ///< kPending of a session at most
  std::uint64_t last_number_ = 0;
  RateLimiter rate_{{5, 10}, 16'384};
};

struct LiveCueApi {
  std::shared_ptr<CueBook> book;
  storage::Writer& writer;
  const actors::Asker& asker;
  /// Takes it to all who watch.
  std::function<void(const std::string& id, const Cue& cue)> announce;
};
/// POST /api/v1/live/{id}/cues, for moderators. Cues that are due later are stored before they are
/// announced and answered.
void mount_live_cues(http::Router& router, LiveCueApi api);

/// Brings back what was still due when the server ended, and forgets the rest. Blocks. Errors: io.
Result<void> restore_cues(CueBook& book, const storage::Store& store, storage::Writer& writer);

}  // namespace troupe::api

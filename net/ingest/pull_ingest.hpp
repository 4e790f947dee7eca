// Streams that the server fetches itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "media/pull.hpp"
#include "net/ingest/publication.hpp"

namespace troupe::ingest {

struct PullIngestOptions {
  media::PullOptions pull;
  PublishDoor door;
  std::shared_ptr<PublisherPlaces> places;
  bool private_addresses = false;                   ///< whether those may be pulled from
  std::chrono::milliseconds first_wait{500};        ///< before it is tried again, doubled each time
  std::chrono::milliseconds longest_wait{30'000};   ///< at most
  std::chrono::milliseconds settled_after{10'000};  ///< on air for so long: the wait begins anew
  /// It has ended for good, and not because it was told to; on its thread. Null: nobody asks.
  std::function<void(const std::string& session, const std::string& url)> finished = {};
};

enum class PullState : std::uint8_t { connecting, live, waiting, ended };
/// "connecting", "live", "waiting", "ended": as clients see it.
[[nodiscard]] std::string_view to_string(PullState state) noexcept;

struct PullStatus {
  std::string url;
  PullState state = PullState::connecting;
  std::uint32_t attempts = 0;
  std::uint64_t since_ms = 0;  ///< Unix time of the last change of `state`
  std::optional<Error> error;  ///< why the last attempt ended
};

/// Has a thread for each pull. Thread-safe.
class PullIngest {
 public:
  PullIngest(Metrics& metrics, PullIngestOptions options);
  /// Ends all and waits for them, up to a moment each.
  ~PullIngest();

  /// Whether `url` is one that could be pulled: scheme, length, no tricks. Looks nothing up.
  /// Errors: invalid_argument, unsupported.
  [[nodiscard]] static Result<void> check(const std::string& url);

  /// Whether `start` would pull `url` into a session where nothing is pulled. Errors: as `start`.
  [[nodiscard]] Result<void> may_start(const std::string& url, const std::string& owner);
  /// Pulls `url` into `session`, in place of what was pulled there, which goes on when this fails.
  /// The caller has judged who asks; `owner` bounds how many. Errors: those of `check` and the
  /// places; rate_limited (too many of the owner's are still ending); overloaded (too many of all
  /// are, no thread is to be had, or the server stops).
  Result<void> start(const std::string& session, const std::string& url, const std::string& owner);
  /// Errors: not_found.
  Result<void> stop(const std::string& session);
  /// Nothing: nothing is pulled there. One that ended stays until the session's next, or `stop`;
  /// the oldest of a thousand are forgotten.
  [[nodiscard]] std::optional<PullStatus> status(const std::string& session) const;
  /// What the destructor does; nothing can be started after.
  void stop_all();

 private:
  class Job;
  void reap();
  void remember(const std::string& session, PullStatus status);
  [[nodiscard]] Result<void> check_room(const std::string& owner) const;

  Metrics& metrics_;
  const PullIngestOptions options_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Job>> jobs_;  ///< by session
  std::vector<std::unique_ptr<Job>> ending_;          ///< told to stop, not yet joined
  std::map<std::string, PullStatus> ended_;           ///< by themselves; by session
  bool stopping_ = false;
};

}  // namespace troupe::ingest

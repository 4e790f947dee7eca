// How playing goes for the viewers of live sessions: told by players with their requests (CMCD) and
// by pages (beacons), added up for each session.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"
#include "net/api/live/cmcd.hpp"

namespace troupe {
class Metrics;
}

namespace troupe::api {

/// Counts values in buckets that are 10 % apart, from 1 to about 10^7 (milliseconds, kbit/s).
class Spread {
 public:
  void add(double value);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The upper edge of the bucket in which the quantile lies; 0 when there are none.
  [[nodiscard]] double quantile(double q) const;
  [[nodiscard]] double sum() const noexcept { return sum_; }

 private:
  std::array<std::uint32_t, 170> buckets_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

/// What a page tells of its playback, all since its beginning.
struct Beacon {
  std::string session_id;  ///< of the playback, made by the page: 1 to 64 visible characters
  std::string protocol;    ///< "ws", "hls", "dash" or "other"
  std::optional<std::uint64_t> start_ms;
  std::optional<std::uint64_t> watched_ms;
  std::optional<std::uint64_t> rebuffers;
  std::optional<std::uint64_t> rebuffer_ms;
  std::optional<std::uint64_t> latency_ms;  ///< now
  std::optional<std::uint64_t> bitrate_kbps;
  bool failed = false;
};

struct Quality {
  std::uint64_t playing = 0;    ///< heard of within the last minute
  std::uint64_t playbacks = 0;  ///< since the server started
  std::uint64_t failures = 0;
  std::uint64_t rebuffers = 0;
  double rebuffer_ms = 0;
  double watched_ms = 0;  ///< by beacons only
  Spread start_ms, latency_ms, throughput_kbps, bitrate_kbps;
};
/// By protocol: "ws", "hls", "dash", "other".
using QualityReport = std::map<std::string, Quality>;

struct QualityLimits {
  std::size_t max_sessions = 10'000;
  std::size_t max_playbacks = 20'000;       ///< of a session, heard of within the last minute
  std::size_t max_all_playbacks = 100'000;  ///< of all sessions
  std::chrono::seconds playing_for{60};
  std::chrono::hours forgotten_after{24};  ///< a session of which nothing was heard
};

/// Thread-safe; one lock, held for a microsecond.
class QualityBook {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit QualityBook(Metrics& metrics, QualityLimits limits = {});
  ~QualityBook();

  /// A request of `session`'s with CMCD; without a session id it tells nothing.
  void note(const std::string& session, const Cmcd& cmcd, TimePoint now);
  /// Errors: overloaded (as many playbacks as may be).
  Result<void> note(const std::string& session, const Beacon& beacon, TimePoint now);
  [[nodiscard]] QualityReport report(const std::string& session, TimePoint now) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::api

// What an edge knows of the sessions that it relays. Pure: time and chance come in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace troupe::api::relay {

/// Where the origin is.
struct OriginAddress {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
  std::string base;  ///< path before ours, without a slash at its end

  /// "host:port", as in a Host header.
  [[nodiscard]] std::string authority() const;
  friend bool operator==(const OriginAddress&, const OriginAddress&) = default;
};
/// "http(s)://host[:port][/base]". Errors: invalid_argument.
[[nodiscard]] Result<OriginAddress> parse_origin(const std::string& url);

/// Sorts what comes over one upstream after the other, so that no chunk goes to viewers twice and
/// holes are seen.
class RelayCursor {
 public:
  enum class Begun : std::uint8_t {
    fresh,  ///< another publication than before
    again,  ///< the one that runs: what follows may leave a hole
    old,    ///< one that is over: to be ignored, with all its chunks
  };
  Begun publication(std::uint64_t epoch);
  /// The publisher left, or the origin is gone: the same publication would begin afresh.
  void stop() noexcept;

  enum class Place : std::uint8_t { drop, next, hole };
  Place published(std::uint64_t epoch, std::uint64_t sequence);
  Place made(std::uint64_t epoch, std::uint32_t track, std::uint64_t sequence);

  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

 private:
  static Place place(std::uint64_t& last, std::uint64_t sequence);

  std::uint64_t epoch_ = 0;  ///< 0: none runs
  std::uint64_t newest_ = 0;
  std::uint64_t last_ = 0;                            ///< 0: none yet
  std::map<std::uint32_t, std::uint64_t> last_made_;  ///< by track; bounded by the check of tracks
};

/// How long to wait before the next attempt: twice as long each time, and not all at once.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds kFirst{250}, kLongest{5'000};
  /// `chance` in [0, 1).
  [[nodiscard]] std::chrono::milliseconds next(double chance);
  void reset() noexcept { wait_ = kFirst; }

 private:
  std::chrono::milliseconds wait_ = kFirst;
};

/// How far the origin's clock is ahead of ours, from round trips: the shortest of late tells best.
class ClockOffset {
 public:
  void sample(std::int64_t sent_us, std::int64_t origin_us, std::int64_t received_us);
  [[nodiscard]] std::int64_t offset_us() const noexcept { return offset_us_; }

 private:
  std::int64_t offset_us_ = 0;
  std::int64_t round_us_ = -1;  ///< of the best; -1: none yet
  int age_ = 0;                 ///< samples since
};

}  // namespace troupe::api::relay

// Rate limits: token buckets per key, in bounded memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe {

struct RateLimit {
  double per_second = 0;  ///< Tokens that come back each second; 0 turns the limit off.
  double burst = 0;       ///< Tokens of a full bucket.
};

/// One bucket per key (address, user). Keeps at most `max_keys`: the least recently used are
/// forgotten, which at worst gives an old key a full bucket again. Not thread-safe.
class RateLimiter {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  RateLimiter(RateLimit limit, std::size_t max_keys) : limit_(limit), max_keys_(max_keys) {}

  struct Verdict {
    bool allowed = true;
    double remaining = 0;
    std::chrono::milliseconds retry_after{0};
  };
  /// Takes `cost` tokens of `key`'s bucket if it has them.
  Verdict take(std::string_view key, TimePoint now, double cost = 1);

  [[nodiscard]] const RateLimit& limit() const noexcept { return limit_; }
  [[nodiscard]] std::size_t size() const noexcept { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    TimePoint updated;
    std::list<std::string>::iterator place;
  };
  RateLimit limit_;
  std::size_t max_keys_;
  std::list<std::string> recent_;  ///< most recently used first
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace troupe

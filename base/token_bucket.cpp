#include "base/token_bucket.hpp"

#include <algorithm>
#include <cmath>

namespace troupe {

RateLimiter::Verdict RateLimiter::take(std::string_view key, TimePoint now, double cost) {
  if (limit_.per_second <= 0) return {true, limit_.burst, {}};
  const std::string owned(key);
  auto it = buckets_.find(owned);
  if (it == buckets_.end()) {
    if (buckets_.size() >= max_keys_) {
      buckets_.erase(recent_.back());
      recent_.pop_back();
    }
    recent_.push_front(owned);
    it = buckets_.emplace(owned, Bucket{limit_.burst, now, recent_.begin()}).first;
  } else {
    recent_.splice(recent_.begin(), recent_, it->second.place);
  }
  auto& bucket = it->second;
  const double elapsed = std::chrono::duration<double>(now - bucket.updated).count();
  bucket.tokens =
      std::min(limit_.burst, bucket.tokens + std::max(0.0, elapsed) * limit_.per_second);
  bucket.updated = std::max(bucket.updated, now);
  // Rounding must not refuse one who has waited as long as he was told.
  if (bucket.tokens + 1e-9 >= cost) {
    bucket.tokens = std::max(0.0, bucket.tokens - cost);
    return {true, bucket.tokens, {}};
  }
  const double wait_ms = (cost - bucket.tokens) / limit_.per_second * 1000;
  return {false, bucket.tokens,
          std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(wait_ms)))};
}

}  // namespace troupe

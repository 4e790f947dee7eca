#include "actors/auction/budget.hpp"

#include <algorithm>

namespace troupe::auction {

bool Allowance::reserve(Nanos price, std::uint64_t expires_ms) noexcept {
  const auto number = expires_ms / kBucketMs;
  if (number >= expired_until_.load(std::memory_order_acquire) + kBuckets) return false;
  auto have = available_.load(std::memory_order_relaxed);
  do {
    if (have < price) return false;
  } while (!available_.compare_exchange_weak(have, have - price, std::memory_order_relaxed));
  buckets_[number % kBuckets].fetch_add(price, std::memory_order_relaxed);
  return true;
}

bool Allowance::settle(Nanos price, std::uint64_t expires_ms) noexcept {
  const auto number = expires_ms / kBucketMs;
  if (number < expired_until_.load(std::memory_order_acquire)) return false;
  buckets_[number % kBuckets].fetch_sub(price, std::memory_order_relaxed);
  return true;
}

Nanos Allowance::expire(std::uint64_t now_ms) noexcept {
  const auto until = first_kept(now_ms);
  Nanos returned = 0;
  for (auto number = expired_until_.load(std::memory_order_relaxed); number < until; ++number) {
    // First no more may be billed from it, then what is left returns.
    expired_until_.store(number + 1, std::memory_order_release);
    returned += buckets_[number % kBuckets].exchange(0, std::memory_order_acq_rel);
  }
  grant(returned);
  return returned;
}

Nanos Allowance::reserved() const noexcept {
  Nanos sum = 0;
  for (const auto& bucket : buckets_) sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

Nanos Ledger::next_lease(Nanos minimum) const noexcept {
  return std::min(budget - leased, std::max(budget / 50, minimum));
}

}  // namespace troupe::auction

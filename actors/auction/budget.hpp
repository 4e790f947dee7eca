// Budgets: what may still be promised to bids. Lock-free on the auction's path, exact in the books.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace troupe::auction {

/// Billionths of a currency unit: a CPM in micros divided by a thousand impressions is a whole
/// number of these.
using Nanos = std::int64_t;

/// A bid may be billed for this long after its auction; then its reservation returns to the budget.
inline constexpr std::uint64_t kBidExpiryMs = 300'000;
/// Reservations are kept by the ten seconds in which they expire.
inline constexpr std::uint64_t kBucketMs = 10'000;
inline constexpr std::size_t kBuckets = kBidExpiryMs / kBucketMs + 4;

/// The part of one campaign's budget that is leased (written down as possibly spent) and neither
/// reserved nor billed. Shared by the auction actors, which reserve, and the campaign's entity,
/// which grants, bills and expires. Every member may be called from any thread.
class Allowance {
 public:
  explicit Allowance(std::uint64_t now_ms) noexcept : expired_until_(first_kept(now_ms)) {}

  /// Takes `price` for a bid that expires at `expires_ms`; false when not enough is left, or when
  /// `expire` has not been called for so long that the buckets would run into each other: it fails
  /// closed.
  [[nodiscard]] bool reserve(Nanos price, std::uint64_t expires_ms) noexcept;
  /// A reservation was billed: it never returns. False when its bucket has been expired already.
  [[nodiscard]] bool settle(Nanos price, std::uint64_t expires_ms) noexcept;
  /// Adds freshly leased budget.
  void grant(Nanos amount) noexcept { available_.fetch_add(amount, std::memory_order_relaxed); }
  /// Returns what expired before `now_ms` (with a bucket's grace) to what is available; the sum
  /// returned.
  Nanos expire(std::uint64_t now_ms) noexcept;

  [[nodiscard]] Nanos available() const noexcept {
    return available_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Nanos reserved() const noexcept;
  /// Set by who finds it low, cleared by the entity when it has granted: one refill request at a
  /// time.
  std::atomic<bool> refill_asked{false};

 private:
  /// One bucket of grace: a bid that expires now may be on its way to be billed.
  static constexpr std::uint64_t first_kept(std::uint64_t now_ms) noexcept {
    return now_ms < kBucketMs ? 0 : now_ms / kBucketMs - 1;
  }

  std::atomic<Nanos> available_{0};
  std::array<std::atomic<Nanos>, kBuckets> buckets_{};  ///< a ring by bucket number
  std::atomic<std::uint64_t>
      expired_until_;  ///< number of the first bucket that has not been expired
};

/// The books of one campaign, as stored. Invariant, at every instant and across crashes:
/// 0 ≤ settled ≤ leased ≤ budget. A bid is only promised out of what was leased before, and a lease
/// is synced before it is granted; so whatever a crash forgets, no more than the budget can have
/// been promised.
struct Ledger {
  Nanos budget = 0;
  Nanos leased = 0;
  Nanos settled = 0;

  /// How much to lease next: a fiftieth of the budget, at least `minimum`, never beyond the budget.
  /// 0: all is leased.
  [[nodiscard]] Nanos next_lease(Nanos minimum) const noexcept;
  [[nodiscard]] bool holds() const noexcept {
    return 0 <= settled && settled <= leased && leased <= budget;
  }
};

}  // namespace troupe::auction

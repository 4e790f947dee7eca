#include "game/send_pace.hpp"

#include <algorithm>
#include <utility>

namespace troupe::game {
namespace {

/// Losses are counted over so many snapshots, the round trip is looked at so often a second.
constexpr std::uint32_t kSettledTogether = 60, kLooksPerSecond = 4;
/// What is lost beyond so many in a row says that the line was gone, not that it is full.
constexpr std::uint32_t kOutage = 4;
/// A good line is tried faster after so many seconds, and after a try that failed at most so many.
constexpr std::uint32_t kPatience = 3, kMostPatience = 48;
/// The least of fewer round trips says more of jitter than of a queue.
constexpr std::uint32_t kHeardTogether = 2;
/// One look may fall into a moment in which the machine was busy.
constexpr std::uint32_t kCrowdedLooks = 2;
/// The length of the line is the least of the last 30 to 60 s.
constexpr std::uint32_t kShortestSeconds = 30;

}  // namespace

SendPace::SendPace(std::uint32_t tick_hz)
    : second_(std::max(tick_hz, 1U)), patience_(kPatience * second_) {}

bool SendPace::send(std::uint32_t tick) {
  if (judge_at_ == 0) judge_at_ = tick + second_;
  if (tick >= judge_at_) judge(tick);
  fates_[tick % kRemembered] = Fate::none;
  if (last_sent_ != 0 && tick - last_sent_ < interval_) return false;
  last_sent_ = tick;
  fates_[tick % kRemembered] = Fate::sent;
  return true;
}

void SendPace::acknowledged(std::uint32_t now, std::uint32_t tick, std::uint32_t taken) {
  if (tick == 0 || tick < newest_ || tick > now || now - tick >= kRemembered - kOpen) return;
  auto& fate = fates_[tick % kRemembered];
  if (fate == Fate::none) return;
  if (tick > newest_) {
    newest_ = tick;
    least_ = std::min(least_.value_or(now - tick), now - tick);
    ++heard_;
  }
  fate = Fate::taken;
  for (std::uint32_t i = 0; i < kOpen && i + 1 < tick; ++i) {
    auto& before = fates_[(tick - 1 - i) % kRemembered];
    if ((taken >> i & 1U) != 0 && before == Fate::sent) before = Fate::taken;
  }
  tells_ = tells_ || taken != 0;
  if (tells_) settle();
}

/// What no acknowledgement can tell taken any more is lost.
void SendPace::settle() {
  if (newest_ <= kOpen) return;
  const auto end = newest_ - kOpen;
  for (auto tick =
           std::max(settled_to_, end > kRemembered - kOpen ? end - (kRemembered - kOpen) : 0);
       tick < end; ++tick) {
    const auto fate = std::exchange(fates_[tick % kRemembered], Fate::none);
    if (fate == Fate::none) continue;
    lost_in_a_row_ = fate == Fate::sent ? lost_in_a_row_ + 1 : 0;
    if (lost_in_a_row_ > kOutage) continue;
    ++settled_;
    if (fate == Fate::sent) ++lost_;
  }
  settled_to_ = std::max(settled_to_, end);
}

void SendPace::measure(std::uint32_t tick, std::uint32_t least) {
  if (tick - shortest_since_ >= kShortestSeconds * second_) {
    shortest_before_ = std::exchange(shortest_, std::nullopt);
    shortest_since_ = tick;
  }
  shortest_ = std::min(shortest_.value_or(least), least);
}

bool SendPace::crowded(std::uint32_t least) const noexcept {
  // Half again as long as the line is, and two ticks of other reasons.
  const auto length = std::min(shortest_.value_or(least), shortest_before_.value_or(least));
  return least > length + length / 2 + 2;
}

void SendPace::slow_down(std::uint32_t tick, std::uint32_t interval) {
  if (std::exchange(trying_, false)) patience_ = std::min(patience_ * 2, kMostPatience * second_);
  interval_ = std::min(interval, kMostInterval);
  slowed_at_ = calm_since_ = tick;
}

/// Once for each window of losses.
void SendPace::judge_losses(std::uint32_t tick) {
  loss_ = static_cast<double>(lost_) / settled_;
  settled_ = lost_ = 0;
  if (loss_ > kMostLoss) slow_down(tick, interval_ + 1);
}

void SendPace::judge(std::uint32_t tick) {
  judge_at_ = tick + std::max(second_ / kLooksPerSecond, 1U);
  if (settled_ >= kSettledTogether) judge_losses(tick);
  if (heard_ < kHeardTogether) return;  // silence is for others to judge
  heard_ = 0;
  const auto least = *std::exchange(least_, std::nullopt);
  round_trip_ = least;
  measure(tick, least);
  crowded_looks_ = crowded(least) ? crowded_looks_ + 1 : 0;
  if (crowded_looks_ > 0) {
    // What was changed last shows only after a round trip.
    const bool settled = tick - slowed_at_ > least;
    if (settled && crowded_looks_ >= kCrowdedLooks) slow_down(tick, interval_ * 2);
    calm_since_ = tick;
  } else if (tick - calm_since_ >= patience_) {
    calm_since_ = tick;
    trying_ = interval_ > 1;
    // All has gone well for long: what failed once is forgotten.
    if (!trying_) patience_ = kPatience * second_;
    interval_ = std::max(interval_ - 1, 1U);
  }
}

}  // namespace troupe::game

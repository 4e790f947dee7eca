// How often one client is sent snapshots: every tick, or fewer where its line does not carry them.
// Pure: ticks are the clock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace troupe::game {

/// Follows the round trip and the losses of what was sent. A queue on the way makes the round trip
/// grow beyond its least: then less is sent, as delay-based congestion control does (LEDBAT, RFC
/// 6817, section 2.4.2); so too where more than kMostLoss is lost for good, which a line without a
/// queue does. Single losses, and a round trip that is long by nature, change nothing. What went
/// well for a while is tried again a step faster; after a try that failed, the next one waits twice
/// as long.
class SendPace {
 public:
  static constexpr std::uint32_t kMostInterval = 6;
  static constexpr double kMostLoss = 0.3;

  explicit SendPace(std::uint32_t tick_hz);

  /// Whether the client is sent this tick, which is later than those before; it is then taken as
  /// sent.
  [[nodiscard]] bool send(std::uint32_t tick);
  /// Heard at tick `now`: the client's newest snapshot is of `tick`, and bit i of `taken` says
  /// whether it took that of i + 1 ticks before; a client that never sets one is not known to lose
  /// any. Old news and ticks that were not sent say nothing.
  void acknowledged(std::uint32_t now, std::uint32_t tick, std::uint32_t taken);

  /// Ticks from one snapshot to the next.
  [[nodiscard]] std::uint32_t interval() const noexcept { return interval_; }
  /// Of the last sixty that were sent.
  [[nodiscard]] double loss() const noexcept { return loss_; }
  /// Ticks from sending a snapshot to hearing of it, the least lately; nothing before the first.
  [[nodiscard]] std::optional<std::uint32_t> round_trip() const noexcept { return round_trip_; }

 private:
  /// So old news are of no use: 8 s at 30 Hz.
  static constexpr std::uint32_t kRemembered = 256;
  /// That acknowledgements can still tell taken, below the newest.
  static constexpr std::uint32_t kOpen = 32;
  enum class Fate : std::uint8_t { none, sent, taken };

  void settle();
  void judge(std::uint32_t tick);
  [[nodiscard]] bool crowded(std::uint32_t least) const noexcept;
  void measure(std::uint32_t tick, std::uint32_t least);
  void slow_down(std::uint32_t tick, std::uint32_t interval);
  void judge_losses(std::uint32_t tick);

  std::uint32_t second_;
  std::uint32_t interval_ = 1;
  std::uint32_t last_sent_ = 0, newest_ = 0, settled_to_ = 0;
  std::array<Fate, kRemembered> fates_{};  ///< by tick
  bool tells_ = false;                     ///< which it took
  std::uint32_t judge_at_ = 0, calm_since_ = 0, slowed_at_ = 0, patience_;
  std::uint32_t crowded_looks_ = 0;  ///< in a row
  bool trying_ = false;  ///< the interval was made shorter, and nothing has gone wrong since
  // Since the last look.
  std::uint32_t settled_ = 0, lost_ = 0;
  std::uint32_t lost_in_a_row_ = 0;
  std::optional<std::uint32_t> least_;
  std::uint32_t heard_ = 0;  ///< round trips that it is the least of

  std::optional<std::uint32_t> round_trip_;
  /// The length of the line: the least lately. Lines change, and so what is long ago is forgotten.
  std::optional<std::uint32_t> shortest_, shortest_before_;
  std::uint32_t shortest_since_ = 0;
  double loss_ = 0;
};

}  // namespace troupe::game

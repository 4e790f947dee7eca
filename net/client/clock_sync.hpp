// Where the server's clock is, how far away the server is, and how fast to send commands so that
// few wait there and it rarely waits for one. Pure: time comes in.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::client {

class ClockSync {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::nanoseconds;

  explicit ClockSync(double tick_hz = 30);

  /// Command `sequence` was first sent.
  void sent(std::uint32_t sequence, TimePoint now);
  /// A snapshot came: of which tick, the newest command that it used, and how many it left for
  /// later. Ticks ascend.
  void received(std::uint32_t tick, std::uint32_t used, int waiting, TimePoint now);
  /// The match was restarted: its ticks are another history. What is known of the way stays.
  void restart();

  /// Of a command to the tick that used it and back to us, without the ticks that it waited there;
  /// smoothed as TCP does (RFC 6298). 0 until there is one.
  [[nodiscard]] double round_trip_ms() const noexcept { return to_ms(round_trip_.value_or(0)); }
  /// The mean deviation of that, after the same.
  [[nodiscard]] double jitter_ms() const noexcept { return to_ms(deviation_); }
  /// The tick that the server is at now, with its fraction; nothing before the first snapshot.
  [[nodiscard]] std::optional<double> server_tick(TimePoint now) const;
  /// How many commands should wait at the server for its tick: more where their way varies.
  [[nodiscard]] double target_waiting() const noexcept;
  /// How many do, smoothed; below zero where ticks go without a command.
  [[nodiscard]] double waiting() const noexcept { return waiting_; }
  /// Until the next command: a tick, up to 5 % longer or shorter to come to the target.
  [[nodiscard]] Duration command_period() const;

 private:
  struct Sent {
    std::uint32_t sequence;
    double at;  ///< ticks since the first
  };
  [[nodiscard]] double ticks(TimePoint time) const;
  [[nodiscard]] double to_ms(double ticks_in) const noexcept {
    return ticks_in * period_s_ * 1'000;
  }
  void measure_way(std::uint32_t used, int waiting, double now);
  void measure_waiting(std::uint32_t tick, std::uint32_t used, int waiting);

  double period_s_;
  TimePoint origin_{};
  std::deque<Sent> sent_;  ///< not used yet, oldest first; bounded
  // All in ticks.
  std::optional<double> round_trip_, shortest_;
  double deviation_ = 0;
  std::optional<double> arrival_;  ///< local time less tick, of snapshots that did not dawdle
  double waiting_ = 0;
  std::uint32_t last_tick_ = 0, last_used_ = 0;  ///< 0: none
};

}  // namespace troupe::client

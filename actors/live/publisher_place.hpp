// The one publisher's place in a session: whether it still holds it, and what it sends.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

/// Of the last ten seconds, but for `drift_ms`.
struct PublisherStats {
  double kbit_per_s = 0;  ///< all tracks
  double frames_per_s = 0;
  double key_interval_s = 0;  ///< between the last two key frames; 0: there was one at most
  double drift_ms = 0;        ///< How far the stream's clock has fallen behind ours since it began;
                              ///< negative: it runs ahead.

  friend bool operator==(const PublisherStats&, const PublisherStats&) = default;
};

/// What a publisher sends, measured by the chunks' own times. Pure; bounded by kMaxSamples.
class PublisherMeter {
 public:
  static constexpr std::int64_t kWindowUs = 10'000'000;
  static constexpr std::size_t kMaxSamples =
      4'096;  ///< 10 s of chunks of one frame at 240 Hz, twice

  /// A publication begins: everything before is forgotten.
  void start(const std::vector<media::Track>& tracks);
  void add(const media::Chunk& chunk);
  /// Nothing before the first second has come in.
  [[nodiscard]] std::optional<PublisherStats> stats() const;

 private:
  struct Sample {
    std::int64_t start_us, duration_us;
    std::size_t bytes;
    std::uint32_t frames;
    bool main;
  };
  std::uint32_t main_track_ = 0;  ///< the picture, else the sound
  std::deque<Sample> samples_;
  std::optional<std::int64_t> first_wall_us_, first_media_us_, last_key_us_;
  std::int64_t key_interval_us_ = 0;
  std::int64_t drift_us_ = 0;
};

/// Whether the key that somebody came in by still is one. Shared by the directory, which may
/// replace the key, and whoever came. Thread-safe.
class KeyHold {
 public:
  /// `expires_ms`: Unix time; 0: never.
  explicit KeyHold(std::uint64_t expires_ms) : expires_ms_(expires_ms) {}

  /// Errors: forbidden (replaced or revoked, expired).
  [[nodiscard]] Result<void> held() const;
  /// The same for who needs no key, and so minds no expiry.
  [[nodiscard]] Result<void> kept() const;
  void lose() noexcept { lost_ = true; }

 private:
  const std::uint64_t expires_ms_;
  std::atomic<bool> lost_{false};
};

/// Shared by the directory, which may take it away, and the publisher, who asks before each chunk.
/// Thread-safe.
class PublisherPlace {
 public:
  /// `hold`: of the key that it was taken with; null: of none.
  explicit PublisherPlace(std::shared_ptr<const KeyHold> hold = nullptr) : hold_(std::move(hold)) {}

  /// Errors: forbidden (the key was replaced, or has expired), not_found (the session has ended).
  [[nodiscard]] Result<void> held() const;
  void take_away(ErrorCode why) noexcept { lost_ = static_cast<std::uint8_t>(why); }

  void start(const std::vector<media::Track>& tracks);
  void add(const media::Chunk& chunk);
  [[nodiscard]] std::optional<PublisherStats> stats() const;

 private:
  const std::shared_ptr<const KeyHold> hold_;
  std::atomic<std::uint8_t> lost_{0};
  mutable std::mutex mutex_;
  PublisherMeter meter_;
};

}  // namespace troupe::live

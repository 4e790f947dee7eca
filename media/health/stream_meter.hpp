// What an incoming publication looks like from outside, second by second: told by its chunks,
// without decoding. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "media/chunk.hpp"

namespace troupe::media {

/// One second of the server's clock during which somebody published.
struct HealthSample {
  std::int64_t second = 0;  ///< Unix time
  double video_kbit_per_s = 0;
  double audio_kbit_per_s = 0;
  double frames_per_s = 0;    ///< pictures that came
  double key_interval_s = 0;  ///< of the last two key frames, or since the last when that is longer
  double drift_ms = 0;        ///< How far the stream's clock has fallen behind ours since the
                              ///< publication began; negative: it runs ahead.
  double av_offset_ms = 0;    ///< how much later a picture came than the sound of the same time
  double gap_ms = 0;          ///< of its timeline that is missing, of all tracks
  std::uint32_t gaps = 0;     ///< in how many pieces
  std::optional<double> luma;             ///< of the last decoded picture: 0 black to 1 white
  std::optional<double> picture_change;   ///< from the one before: 0 nothing to 1
  std::optional<double> momentary_lufs;   ///< EBU Tech 3341: of the last 400 ms
  std::optional<double> short_term_lufs;  ///< of the last 3 s

  friend bool operator==(const HealthSample&, const HealthSample&) = default;
};

/// What was decoded since the last second ended; any member may be missing.
struct HealthLook {
  std::optional<double> luma, picture_change, momentary_lufs, short_term_lufs;
};

/// The last ten minutes of one session, over all its publications. Not thread-safe.
class StreamMeter {
 public:
  static constexpr std::size_t kMaxSamples = 600;

  /// A publication begins; nothing happens when it is the one that runs already.
  void start(std::uint64_t epoch, const std::vector<Track>& tracks, std::int64_t wall_us);
  void add(const Chunk& chunk);
  /// Of the second under way.
  void look(const HealthLook& look);
  void stop() noexcept { running_ = false; }
  /// Ends the seconds before `wall_us`, also those in which nothing came.
  void advance(std::int64_t wall_us);

  [[nodiscard]] bool running() const noexcept { return running_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  /// Whole seconds, oldest first; that in which a publication begins or ends is none.
  [[nodiscard]] const std::deque<HealthSample>& samples() const noexcept { return samples_; }

 private:
  struct Flow {
    std::uint32_t track = 0;                  ///< 0: there is none
    std::optional<std::int64_t> expected_us;  ///< where the next chunk begins
    double bytes = 0;                         ///< of the open second, as are those below
    double lateness_us = 0;                   ///< sum of arrival less media time
    std::uint32_t chunks = 0;
    std::optional<double> usual_us;  ///< mean lateness of the last second that had chunks
  };
  void close_second();
  void close(Flow& flow);

  bool running_ = false;
  bool whole_ = false;  ///< The open second began while the publication was on.
  std::uint64_t epoch_ = 0;
  std::int64_t open_second_ = 0;
  HealthSample open_;
  Flow video_, audio_;
  std::optional<std::int64_t> first_wall_us_, first_media_us_, last_key_us_;
  std::int64_t key_interval_us_ = 0;
  std::deque<HealthSample> samples_;
};

}  // namespace troupe::media

#include "actors/live/publisher_place.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::live {

void PublisherMeter::start(const std::vector<media::Track>& tracks) {
  *this = {};
  for (const auto& track : tracks) {
    if (main_track_ == 0 || track.kind == media::TrackKind::video) main_track_ = track.id;
  }
}

void PublisherMeter::add(const media::Chunk& chunk) {
  const bool main = chunk.track == main_track_;
  samples_.push_back({chunk.start_us, chunk.duration_us, chunk.bytes->size(), chunk.frames, main});
  while (samples_.size() > kMaxSamples || samples_.front().start_us < chunk.start_us - kWindowUs) {
    samples_.pop_front();
  }
  if (!main) return;
  const auto end_us = chunk.start_us + chunk.duration_us;
  if (!first_media_us_) {
    first_media_us_ = end_us;
    first_wall_us_ = chunk.wall_us;
  }
  drift_us_ = (chunk.wall_us - *first_wall_us_) - (end_us - *first_media_us_);
  if (!chunk.key) return;
  if (last_key_us_) key_interval_us_ = chunk.start_us - *last_key_us_;
  last_key_us_ = chunk.start_us;
}

std::optional<PublisherStats> PublisherMeter::stats() const {
  std::int64_t from = INT64_MAX, to = INT64_MIN;
  double bytes = 0, frames = 0;
  for (const auto& sample : samples_) {
    bytes += static_cast<double>(sample.bytes);
    if (!sample.main) continue;
    frames += sample.frames;
    from = std::min(from, sample.start_us);
    to = std::max(to, sample.start_us + sample.duration_us);
  }
  constexpr std::int64_t kLeastUs = 1'000'000;
  if (from > to || to - from < kLeastUs) return std::nullopt;
  const auto seconds = static_cast<double>(to - from) / 1e6;
  return PublisherStats{.kbit_per_s = bytes * 8 / 1000 / seconds,
                        .frames_per_s = frames / seconds,
                        .key_interval_s = static_cast<double>(key_interval_us_) / 1e6,
                        .drift_ms = static_cast<double>(drift_us_) / 1e3};
}

Result<void> KeyHold::held() const {
  if (auto fine = kept(); !fine.ok()) return fine;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  if (expires_ms_ != 0 && expires_ms_ <= static_cast<std::uint64_t>(now.count()))
    return error(ErrorCode::forbidden, "the publish key has expired");
  return {};
}

Result<void> KeyHold::kept() const {
  if (lost_) return error(ErrorCode::forbidden, "the publish key was replaced");
  return {};
}

Result<void> PublisherPlace::held() const {
  const auto lost = static_cast<ErrorCode>(lost_.load());
  if (lost == ErrorCode{}) return hold_ ? hold_->held() : Result<void>();
  return error(lost, lost == ErrorCode::forbidden ? "the publish key was replaced"
                                                  : "the session has ended");
}

void PublisherPlace::start(const std::vector<media::Track>& tracks) {
  const std::lock_guard lock(mutex_);
  meter_.start(tracks);
}

void PublisherPlace::add(const media::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  meter_.add(chunk);
}

std::optional<PublisherStats> PublisherPlace::stats() const {
  const std::lock_guard lock(mutex_);
  return meter_.stats();
}

}  // namespace troupe::live

#include "media/health/stream_meter.hpp"

#include <algorithm>
#include <utility>

namespace troupe::media {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kGapUs = 5'000;  // rounding of times is no gap
constexpr auto kKeep = static_cast<std::int64_t>(StreamMeter::kMaxSamples);

double kbit(double bytes) {
  return bytes * 8 / 1'000;
}

}  // namespace

void StreamMeter::start(std::uint64_t epoch, const std::vector<Track>& tracks,
                        std::int64_t wall_us) {
  if (running_ && epoch == epoch_) return;
  running_ = true;
  epoch_ = epoch;
  open_second_ =
      std::max(wall_us / kSecondUs, samples_.empty() ? INT64_MIN : samples_.back().second + 1);
  whole_ = false;
  open_ = {};
  video_ = audio_ = {};
  for (const auto& track : tracks)
    (track.kind == TrackKind::video ? video_ : audio_).track = track.id;
  first_wall_us_ = first_media_us_ = last_key_us_ = std::nullopt;
  key_interval_us_ = 0;
}

void StreamMeter::add(const Chunk& chunk) {
  if (!running_) return;
  advance(chunk.wall_us);
  const bool video = chunk.track == video_.track;
  auto& flow = video ? video_ : audio_;
  if (chunk.track != flow.track) return;
  const auto end_us = chunk.start_us + chunk.duration_us;
  if (flow.expected_us && chunk.start_us - *flow.expected_us > kGapUs) {
    open_.gap_ms += static_cast<double>(chunk.start_us - *flow.expected_us) / 1'000;
    ++open_.gaps;
  }
  flow.expected_us = end_us;
  flow.bytes += static_cast<double>(chunk.bytes->size());
  flow.lateness_us += static_cast<double>(chunk.wall_us - end_us);
  ++flow.chunks;
  if (!video) return;
  open_.frames_per_s += chunk.frames;
  if (!first_wall_us_) {
    first_wall_us_ = chunk.wall_us;
    first_media_us_ = end_us;
  }
  open_.drift_ms =
      static_cast<double>((chunk.wall_us - *first_wall_us_) - (end_us - *first_media_us_)) / 1'000;
  if (!chunk.key) return;
  if (last_key_us_) key_interval_us_ = chunk.start_us - *last_key_us_;
  last_key_us_ = chunk.start_us;
}

void StreamMeter::look(const HealthLook& look) {
  if (look.luma) open_.luma = look.luma;
  if (look.picture_change) {
    // Two pictures of one second: the livelier tells.
    open_.picture_change = std::max(*look.picture_change, open_.picture_change.value_or(0));
  }
  if (look.momentary_lufs) open_.momentary_lufs = look.momentary_lufs;
  if (look.short_term_lufs) open_.short_term_lufs = look.short_term_lufs;
}

void StreamMeter::close(Flow& flow) {
  if (flow.chunks > 0) flow.usual_us = flow.lateness_us / flow.chunks;
  flow.bytes = flow.lateness_us = 0;
  flow.chunks = 0;
}

void StreamMeter::close_second() {
  open_.second = open_second_;
  open_.video_kbit_per_s = kbit(video_.bytes);
  open_.audio_kbit_per_s = kbit(audio_.bytes);
  const auto since_key_us =
      last_key_us_ && video_.expected_us ? *video_.expected_us - *last_key_us_ : 0;
  open_.key_interval_s = static_cast<double>(std::max(key_interval_us_, since_key_us)) /
                         static_cast<double>(kSecondUs);
  // Our clock goes on while nothing comes.
  if (video_.chunks == 0 && first_wall_us_) {
    const auto end_us = (open_second_ + 1) * kSecondUs;
    open_.drift_ms =
        static_cast<double>((end_us - *first_wall_us_) - (*video_.expected_us - *first_media_us_)) /
        1'000;
  }
  close(video_);
  close(audio_);
  if (video_.usual_us && audio_.usual_us)
    open_.av_offset_ms = (*video_.usual_us - *audio_.usual_us) / 1'000;
  if (samples_.size() >= kMaxSamples) samples_.pop_front();
  if (std::exchange(whole_, true)) samples_.push_back(open_);
  const auto drift_ms = open_.drift_ms;
  open_ = {};
  open_.drift_ms = drift_ms;
  ++open_second_;
}

void StreamMeter::advance(std::int64_t wall_us) {
  if (!running_) return;
  const auto now = wall_us / kSecondUs;
  if (now - open_second_ > kKeep) {  // the clock was set, or nobody asked for long
    close_second();
    open_second_ = now - kKeep;
  }
  while (open_second_ < now) close_second();
}

}  // namespace troupe::media

#include "media/health/sound_probe.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "media/ffmpeg_log.hpp"
#include "media/health/loudness.hpp"
#include "media/ladder/picture_reader.hpp"
#include "media/ladder/worker_pool.hpp"

namespace troupe::media {
namespace {

constexpr std::int64_t kBatchUs = 500'000;          // each second has one, however long chunks are
constexpr std::size_t kMaxBatchBytes = 256U << 10;  // of 4 Mbit/s: more is no live sound
constexpr int kMaxChannels = 8, kLeastRate = 8'000, kMostRate = 192'000;

/// A publication's sound. `waiting` is guarded by the probe's mutex, all else is of its thread.
struct Ear {
  std::uint64_t epoch = 0;
  Track track;
  std::string batch;  ///< chunks of less than half a second, guarded too
  std::int64_t batch_us = 0;
  std::string waiting;  ///< empty: the thread has taken it

  std::unique_ptr<PictureReader> reader;  ///< which reads sound as well
  bool failed = false;
  int rate = 0, channels = 0;
  std::unique_ptr<LoudnessMeter> meter;
};

void measure(Ear& ear, const AVFrame& frame) {
  const int channels = frame.ch_layout.nb_channels;
  // Both decoders give planes of floats.
  if (frame.format != AV_SAMPLE_FMT_FLTP || channels < 1 || channels > kMaxChannels ||
      frame.sample_rate < kLeastRate || frame.sample_rate > kMostRate)
    return;
  if (!ear.meter || ear.rate != frame.sample_rate || ear.channels != channels) {
    ear.rate = frame.sample_rate;
    ear.channels = channels;
    ear.meter = std::make_unique<LoudnessMeter>(ear.rate, channels);
  }
  std::array<std::span<const float>, kMaxChannels> planes;
  for (int i = 0; i < channels; ++i)
    planes[static_cast<std::size_t>(i)] = {reinterpret_cast<const float*>(frame.extended_data[i]),
                                           static_cast<std::size_t>(frame.nb_samples)};
  ear.meter->add({planes.data(), static_cast<std::size_t>(channels)});
}

HealthLook listen(Ear& ear, std::string bytes) {
  Chunk chunk;
  chunk.bytes = std::make_shared<const std::string>(std::move(bytes));
  if (!ear.reader) {
    auto opened = PictureReader::open(ear.track);
    ear.failed = !opened.ok();
    if (ear.failed) return {};
    ear.reader = std::move(*opened);
  }
  for (const auto& packet : ear.reader->packets(chunk))
    ear.reader->decode(*packet, [&](const Picture& sound) { measure(ear, *sound.frame); });
  HealthLook out;
  if (!ear.meter) return out;
  out.momentary_lufs = ear.meter->momentary();
  out.short_term_lufs = ear.meter->short_term();
  return out;
}

}  // namespace

struct SoundProbe::Impl {
  explicit Impl(SoundSink given) : sink(std::move(given)), pool(std::make_unique<WorkerPool>(1)) {}

  void work(const std::string& session, const std::shared_ptr<Ear>& ear) {
    std::string bytes;
    {
      const std::lock_guard lock(mutex);
      bytes = std::exchange(ear->waiting, {});
    }
    if (ear->failed) return;
    sink(session, ear->epoch, listen(*ear, std::move(bytes)));
  }

  const SoundSink sink;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<Ear>> ears;
  /// Last: its thread ends first.
  std::unique_ptr<WorkerPool> pool;
};

SoundProbe::SoundProbe(SoundSink sink) : impl_(std::make_unique<Impl>(std::move(sink))) {
  route_ffmpeg_log();
}
SoundProbe::~SoundProbe() = default;

void SoundProbe::start(const std::string& session, std::uint64_t epoch,
                       const std::vector<Track>& tracks) {
  const auto sound = std::ranges::find(tracks, TrackKind::audio, &Track::kind);
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->ears.find(session);
  if (found != impl_->ears.end() && found->second->epoch == epoch) return;
  if (sound == tracks.end() || !sound->init) {
    impl_->ears.erase(session);
    return;
  }
  auto ear = std::make_shared<Ear>();
  ear->epoch = epoch;
  ear->track = *sound;
  impl_->ears[session] = std::move(ear);
}

void SoundProbe::push(const std::string& session, const Chunk& chunk) {
  std::shared_ptr<Ear> ear;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->ears.find(session);
    if (found == impl_->ears.end() || found->second->track.id != chunk.track) return;
    auto& at = *found->second;
    at.batch += *chunk.bytes;
    at.batch_us += chunk.duration_us;
    if (at.batch_us < kBatchUs && at.batch.size() < kMaxBatchBytes) return;
    auto batch = std::exchange(at.batch, {});
    at.batch_us = 0;
    if (!at.waiting.empty() || batch.size() > kMaxBatchBytes) return;
    at.waiting = std::move(batch);
    ear = found->second;
  }
  impl_->pool->post([impl = impl_.get(), session, ear] { impl->work(session, ear); });
}

void SoundProbe::stop(const std::string& session) {
  const std::lock_guard lock(impl_->mutex);
  impl_->ears.erase(session);
}

}  // namespace troupe::media

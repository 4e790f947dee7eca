#include "media/ladder/ladder.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include <spdlog/spdlog.h>

#include "base/metrics.hpp"
#include "media/ffmpeg_log.hpp"
#include "media/ladder/worker_pool.hpp"

namespace troupe::media {

struct Ladder::Impl {
  struct Running {
    std::uint64_t epoch = 0;
    std::shared_ptr<Transcode> transcode;  ///< null: no picture
    std::shared_ptr<SoundTranscode> sound;
    /// What is made; nothing: not known yet.
    std::optional<std::vector<Track>> pictures, sounds;
    std::size_t on = 0;  ///< renditions, for the gauge
  };

  Impl(LadderOptions given, Metrics& metrics, LadderSink results)
      : options(std::move(given)),
        sink(std::move(results)),
        renditions(metrics.gauge("troupe_live_ladder_renditions", "Renditions being made")),
        dropped(metrics.counter("troupe_live_ladder_dropped_total",
                                "Renditions given up because there was not time enough")),
        returned(metrics.counter("troupe_live_ladder_returned_total",
                                 "Renditions that were given up and are made again")),
        silenced(metrics.counter("troupe_live_ladder_silences_total",
                                 "Holes in renditions of sound because there was not time enough")),
        frames(metrics.counter("troupe_live_ladder_frames_total", "Pictures encoded")),
        delay(metrics.histogram("troupe_live_ladder_delay_seconds",
                                "From a picture's chunk to its renditions of one size",
                                latency_buckets())),
        pool(std::make_unique<WorkerPool>(options.workers)) {}

  /// `change` says what is made of a publication from now on.
  void tell(const std::string& session, std::uint64_t epoch,
            const std::function<void(Running&)>& change) {
    // Whoever tells last must have the newest to tell.
    const std::lock_guard in_order(telling);
    std::vector<Track> all;
    {
      const std::lock_guard lock(mutex);
      const auto found = running.find(session);
      if (found == running.end() || found->second.epoch != epoch) return;
      auto& at = found->second;
      change(at);
      if (!at.pictures || !at.sounds) return;
      all = *at.pictures;
      all.insert(all.end(), at.sounds->begin(), at.sounds->end());
      renditions.Increment(static_cast<double>(all.size()) - static_cast<double>(at.on));
      at.on = all.size();
    }
    sink.renditions(session, epoch, all);
  }

  TranscodeSink sink_of(const std::string& session, std::uint64_t epoch) {
    TranscodeSink out;
    out.renditions = [this, session, epoch](const std::vector<Track>& tracks) {
      tell(session, epoch, [&](Running& at) { at.pictures = tracks; });
    };
    out.chunk = [this, session, epoch](const ChunkPtr& chunk) {
      frames.Increment(chunk->frames);
      sink.chunk(session, epoch, chunk);
    };
    out.delay = [this](std::chrono::duration<double> took) { delay.Observe(took.count()); };
    out.thumbnail = [this, session, epoch](const Thumbnail& thumbnail) {
      if (sink.thumbnail) sink.thumbnail(session, epoch, thumbnail);
    };
    if (sink.look) {
      out.look = [this, session, epoch](const HealthLook& look) {
        sink.look(session, epoch, look);
      };
    }
    out.dropped = [this, session](const Track& track, const std::string& why) {
      dropped.Increment();
      spdlog::warn("live {}: rendition {} is given up: {}", session, track.name, why);
    };
    out.returned = [this, session](const Track& track) {
      returned.Increment();
      spdlog::info("live {}: rendition {} is made again", session, track.name);
    };
    return out;
  }

  SoundTranscodeSink sound_sink_of(const std::string& session, std::uint64_t epoch) {
    SoundTranscodeSink out;
    out.begun = [this, session, epoch](const Track& track) {
      tell(session, epoch, [&](Running& at) { at.sounds = {track}; });
    };
    out.chunk = [this, session, epoch](const ChunkPtr& chunk) {
      sink.chunk(session, epoch, chunk);
    };
    out.failed = [this, session, epoch](const std::string& why) {
      dropped.Increment();
      spdlog::warn("live {}: the rendition of the sound is given up: {}", session, why);
      tell(session, epoch, [](Running& at) { at.sounds.emplace(); });
    };
    out.skipped = [this, session](std::size_t chunks) {
      silenced.Increment();
      spdlog::warn("live {}: silence for {} chunks of the sound, which came too late", session,
                   chunks);
    };
    return out;
  }

  const LadderOptions options;
  const LadderSink sink;
  prometheus::Gauge& renditions;
  prometheus::Counter &dropped, &returned, &silenced, &frames;
  prometheus::Histogram& delay;
  std::mutex telling;  ///< before `mutex`
  mutable std::mutex mutex;
  std::map<std::string, Running> running;
  /// Last: its threads end first.
  std::unique_ptr<WorkerPool> pool;
};

Ladder::Ladder(LadderOptions options, Metrics& metrics, LadderSink sink)
    : impl_(std::make_unique<Impl>(std::move(options), metrics, std::move(sink))) {
  route_ffmpeg_log();
}

Ladder::~Ladder() = default;

void Ladder::start(const std::string& session, std::uint64_t epoch,
                   const std::vector<Track>& tracks) {
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found != impl_->running.end() && found->second.epoch >= epoch) return;
  }
  stop(session);
  const auto of_kind = [&](TrackKind kind) -> const Track* {
    const auto found = std::ranges::find(tracks, kind, &Track::kind);
    return found == tracks.end() || !found->init ? nullptr : &*found;
  };
  const auto& given = impl_->options;
  std::uint32_t first_track = TranscodeOptions{}.first_track;
  for (const auto& track : tracks) first_track = std::max(first_track, track.id + 1);
  Impl::Running made;
  made.epoch = epoch;
  if (const auto* video = of_kind(TrackKind::video); video != nullptr) {
    TranscodeOptions options;
    options.rungs = given.rungs;
    options.lag = {given.max_lag, given.calm};
    options.thumbnail_every = given.thumbnail_every;
    options.first_track = first_track;
    made.transcode = std::make_shared<Transcode>(*impl_->pool, *video, std::move(options),
                                                 impl_->sink_of(session, epoch));
  }
  if (!made.transcode || made.transcode->status({}).rungs.empty()) made.pictures.emplace();
  const auto* audio = given.sound_kbit_per_s > 0 ? of_kind(TrackKind::audio) : nullptr;
  if (audio == nullptr) {
    made.sounds.emplace();
  } else {
    const auto track = first_track + static_cast<std::uint32_t>(kMaxRungs);
    made.sound = std::make_shared<SoundTranscode>(*impl_->pool, *audio,
                                                  SoundOptions{track, given.sound_kbit_per_s},
                                                  impl_->sound_sink_of(session, epoch));
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->running[session] = std::move(made);
  }
  if (!given.rungs.empty() || given.sound_kbit_per_s > 0)
    impl_->tell(session, epoch, [](const Impl::Running&) {});
}

void Ladder::push(const std::string& session, const ChunkPtr& chunk) {
  std::shared_ptr<Transcode> transcode;
  std::shared_ptr<SoundTranscode> sound;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return;
    transcode = found->second.transcode;
    sound = found->second.sound;
  }
  if (transcode) transcode->push(chunk, std::chrono::steady_clock::now());
  if (sound) sound->push(chunk);
}

void Ladder::stop(const std::string& session) {
  Impl::Running gone;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return;
    gone = std::move(found->second);
    impl_->renditions.Decrement(static_cast<double>(gone.on));
    impl_->running.erase(found);
  }
  if (gone.transcode) gone.transcode->stop();
  if (gone.sound) gone.sound->stop();
}

std::optional<LadderStatus> Ladder::status(const std::string& session) const {
  std::shared_ptr<Transcode> transcode;
  std::shared_ptr<SoundTranscode> sound;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return std::nullopt;
    transcode = found->second.transcode;
    sound = found->second.sound;
  }
  if (!transcode && !sound) return std::nullopt;
  LadderStatus out;
  if (transcode) out.pictures = transcode->status(std::chrono::steady_clock::now());
  if (sound) out.sound = sound->status();
  return out;
}

}  // namespace troupe::media

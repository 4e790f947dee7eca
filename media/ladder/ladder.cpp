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
    std::shared_ptr<Transcode> transcode;
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
        frames(metrics.counter("troupe_live_ladder_frames_total", "Pictures encoded")),
        delay(metrics.histogram("troupe_live_ladder_delay_seconds",
                                "From a picture's chunk to its renditions of one size",
                                latency_buckets())),
        pool(std::make_unique<WorkerPool>(options.workers)) {}

  void count(const std::string& session, std::uint64_t epoch, std::size_t on) {
    const std::lock_guard lock(mutex);
    const auto found = running.find(session);
    if (found == running.end() || found->second.epoch != epoch) return;
    renditions.Increment(static_cast<double>(on) - static_cast<double>(found->second.on));
    found->second.on = on;
  }

  TranscodeSink sink_of(const std::string& session, std::uint64_t epoch) {
    TranscodeSink out;
    out.renditions = [this, session, epoch](const std::vector<Track>& tracks) {
      count(session, epoch, tracks.size());
      sink.renditions(session, epoch, tracks);
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

  const LadderOptions options;
  const LadderSink sink;
  prometheus::Gauge& renditions;
  prometheus::Counter &dropped, &returned, &frames;
  prometheus::Histogram& delay;
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
  const auto video = std::ranges::find(tracks, TrackKind::video, &Track::kind);
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found != impl_->running.end() && found->second.epoch >= epoch) return;
  }
  stop(session);
  const auto nothing = [&] {
    if (!impl_->options.rungs.empty()) impl_->sink.renditions(session, epoch, {});
  };
  if (video == tracks.end() || !video->init) return nothing();
  TranscodeOptions options;
  options.rungs = impl_->options.rungs;
  options.lag = {impl_->options.max_lag, impl_->options.calm};
  options.thumbnail_every = impl_->options.thumbnail_every;
  for (const auto& track : tracks)
    options.first_track = std::max(options.first_track, track.id + 1);
  const auto transcode = std::make_shared<Transcode>(*impl_->pool, *video, std::move(options),
                                                     impl_->sink_of(session, epoch));
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->running[session] = {epoch, transcode};
  }
  if (transcode->status({}).rungs.empty()) nothing();
}

void Ladder::push(const std::string& session, const ChunkPtr& chunk) {
  std::shared_ptr<Transcode> transcode;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return;
    transcode = found->second.transcode;
  }
  transcode->push(chunk, std::chrono::steady_clock::now());
}

void Ladder::stop(const std::string& session) {
  std::shared_ptr<Transcode> transcode;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return;
    transcode = std::move(found->second.transcode);
    impl_->renditions.Decrement(static_cast<double>(found->second.on));
    impl_->running.erase(found);
  }
  transcode->stop();
}

std::optional<TranscodeStatus> Ladder::status(const std::string& session) const {
  std::shared_ptr<Transcode> transcode;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->running.find(session);
    if (found == impl_->running.end()) return std::nullopt;
    transcode = found->second.transcode;
  }
  return transcode->status(std::chrono::steady_clock::now());
}

}  // namespace troupe::media

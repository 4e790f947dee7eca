#include "server/recordings.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "actors/live/asset_actor.hpp"
#include "actors/live/asset_messages.hpp"
#include "actors/live/live_store.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "media/recording/asset_library.hpp"
#include "media/recording/asset_playlist.hpp"
#include "media/recording/clip_maker.hpp"
#include "media/recording/recorder.hpp"
#include "media/recording/window_shelf.hpp"
#include "net/api/live/assets.hpp"
#include "net/api/live/clips.hpp"
#include "net/api/live/gateway.hpp"
#include "net/api/live/recordings.hpp"
#include "storage/read_pool.hpp"

namespace troupe::server {
namespace {

std::uint64_t mebibytes(std::int64_t number) {
  return static_cast<std::uint64_t>(number) << 20;
}

live::AssetFacts facts_of(const media::AssetMedia& media) {
  live::AssetFacts facts{.duration_us = media.duration_us(),
                         .bytes = media.bytes,
                         .publications = static_cast<std::uint32_t>(media.parts.size()),
                         .complete = media.complete,
                         .captions = !media.captions.empty(),
                         .thumbnails = !media.thumbnails.empty()};
  if (const auto video = media.recording.find(media::TrackKind::video);
      video != media.recording.end()) {
    facts.width = static_cast<std::uint32_t>(video->second.track.width);
    facts.height = static_cast<std::uint32_t>(video->second.track.height);
  }
  return facts;
}

class Kept final : public Recordings {
 public:
  explicit Kept(Wiring wiring) : w_(wiring) {}

  Result<void> open() {
    if (auto done = open_recorder(); !done.ok()) return done;
    const std::filesystem::path data(w_.config.data_dir);
    auto library =
        media::AssetLibrary::open({.directory = data / "assets",
                                   .recordings = data / "recordings",
                                   .max_disk_bytes = mebibytes(w_.config.live_assets_max_mib),
                                   .step = {}},
                                  *recorder_, w_.context.metrics);
    if (!library.ok()) return library.error();
    assets_ = std::move(*library);
    auto clips = media::ClipMaker::open(
        {.directory = data / "clips", .max_disk_bytes = mebibytes(w_.config.live_clips_max_mib)},
        [recorder = recorder_, assets = assets_,
         files = media::RecordingFiles(data / "recordings")](
            const std::string& source, std::int64_t from_us,
            std::int64_t to_us) -> Result<media::ClipPlan> {
          const auto asset = assets->open(source);
          if (asset.ok())
            return plan_clip(assets->files(), source, (*asset)->recording, from_us, to_us);
          return plan_clip(files, source, recorder->find(source), from_us, to_us);
        },
        w_.context.metrics);
    if (!clips.ok()) return clips.error();
    clips_ = std::move(*clips);
    auto shelf = media::WindowShelf::open({.directory = data / "windows"}, w_.context.metrics);
    if (!shelf.ok()) return shelf.error();
    shelf_ = std::move(*shelf);
    return resume();
  }

  void record(api::LiveGatewayOptions& options) override {
    options.shelf = shelf_;
    const auto standard = live::parse_record_mode(w_.config.live_record);
    options.record.standard = standard.ok() ? *standard : live::RecordMode::window;
    options.record.chunk = [recorder = recorder_](const live::PublicationPtr& publication,
                                                  const media::ChunkPtr& chunk,
                                                  live::RecordMode mode) {
      const bool whole = mode == live::RecordMode::whole;
      recorder->push(publication->session_id, publication->epoch,
                     {publication, &publication->tracks}, chunk,
                     whole ? media::Keep::whole : media::Keep::window);
    };
    options.record.finish = [recorder = recorder_](const std::string& id) { recorder->finish(id); };
    options.record_thumbnail = [recorder = recorder_](const std::string& id, std::uint64_t epoch,
                                                      const media::Thumbnail& thumbnail) {
      recorder->push_thumbnail(id, epoch, thumbnail);
    };
    options.record_caption = [recorder = recorder_](const std::string& id, std::uint64_t epoch,
                                                    const media::CaptionEvent& event) {
      recorder->push_caption(id, epoch, event.start_us, event.text);
    };
  }

  void mount(std::shared_ptr<const api::ViewGate> gate) override {
    api::mount_live_recordings(w_.router, {*recorder_, w_.context.reads, gate});
    api::mount_live_clips(
        w_.router,
        {*clips_, w_.context.reads, api::clips_of_sessions(w_.context, w_.asker, std::move(gate))});
    api::mount_live_clips(w_.router,
                          {*clips_, w_.context.reads,
                           api::clips_of_assets(w_.context, w_.config.live_anonymous_viewers)});
    api::mount_live_assets(w_.router,
                           {w_.context, w_.asker, *assets_, w_.config.live_anonymous_viewers});
  }

 private:
  Result<void> open_recorder() {
    media::RecorderOptions options;
    options.directory = std::filesystem::path(w_.config.data_dir) / "recordings";
    options.window_us = w_.config.live_record_minutes * 60'000'000;
    options.keep = std::chrono::hours(w_.config.live_record_keep_hours);
    options.max_disk_bytes = mebibytes(w_.config.live_record_max_mib);
    options.max_session_bytes = mebibytes(w_.config.live_record_session_max_mib);
    auto recorder = media::Recorder::open(std::move(options), w_.context.metrics);
    if (!recorder.ok()) return recorder.error();
    recorder_ = std::move(*recorder);
    return {};
  }

  /// Goes on where the process before ended: hand-overs that were ordered are done, recordings of
  /// sessions that are over are only kept for their time.
  Result<void> resume() {
    const auto assets = live::all_assets(w_.context.store);
    if (!assets.ok()) return assets.error();
    std::vector<std::string> known;
    std::vector<media::AssetLibrary::Order> pending;
    for (const auto& asset : *assets) {
      known.push_back(asset.id);
      if (asset.state == live::AssetState::preparing) pending.push_back({asset.id, asset.session});
    }
    for (const auto& id : recorder_->whole_sessions()) {
      const auto session = known_session(id);
      if (session && (!*session || (*session)->state == live::State::ended)) recorder_->finish(id);
    }
    drop_clips_of_nothing(known);
    const std::weak_ptr<media::AssetLibrary> weak = assets_;  // actors may live on
    live::AssetHooks hooks;
    hooks.hand_over = [weak](const std::string& asset, const std::string& session) {
      if (const auto library = weak.lock()) library->order({asset, session});
    };
    hooks.remove = [weak, weak_clips = std::weak_ptr(clips_),
                    reads = &w_.context.reads](const std::string& asset) {
      const auto erase = [weak, weak_clips, asset](const storage::Store&) {
        if (const auto library = weak.lock()) library->erase(asset);
        if (const auto clips = weak_clips.lock()) clips->erase_of(asset);
      };
      static_cast<void>(reads->post(erase));  // refused: its files go at the next start
    };
    live::add_assets(w_.context, std::move(hooks));
    assets_->resume(
        known, pending,
        [entities = &w_.context.entities](
            const std::string& asset,
            const Result<std::shared_ptr<const media::AssetMedia>>& media) {
          live::AssetOutcome outcome{media.ok() ? Result<live::AssetFacts>(facts_of(**media))
                                                : Result<live::AssetFacts>(media.error())};
          entities->tell(live::kAssetKind, asset,
                         caf::make_message(live::settle_atom::value, std::move(outcome)));
        });
    return {};
  }

  /// Clips of assets whose deletion was cut off.
  void drop_clips_of_nothing(const std::vector<std::string>& assets) {
    for (const auto& source : clips_->sources()) {
      if (std::ranges::find(assets, source) != assets.end()) continue;
      const auto session = known_session(source);
      if (session && !*session) clips_->erase_of(source);
    }
  }

  /// Nothing: there is no telling, as its record is damaged. What it has stays, and the others do
  /// not wait for it.
  [[nodiscard]] std::optional<std::optional<live::Session>> known_session(const std::string& id) {
    auto session = live::load_session(w_.context.store, id);
    if (session.ok()) return std::move(*session);
    spdlog::error("live {}: {}: what is kept of it stays", id, session.error().detail);
    return std::nullopt;
  }

  const Wiring w_;
  std::shared_ptr<media::Recorder> recorder_;
  std::shared_ptr<media::AssetLibrary> assets_;  // of what `recorder_` has
  std::shared_ptr<media::ClipMaker> clips_;      // likewise
  std::shared_ptr<media::WindowShelf> shelf_;
};

}  // namespace

Result<std::unique_ptr<Recordings>> Recordings::start(const Wiring& wiring) {
  if (wiring.config.live_record_minutes == 0) return std::unique_ptr<Recordings>();
  auto kept = std::make_unique<Kept>(wiring);
  if (auto opened = kept->open(); !opened.ok()) return opened.error();
  return std::unique_ptr<Recordings>(std::move(kept));
}

}  // namespace troupe::server

#include "net/api/live/gateway.hpp"

#include <algorithm>
#include <atomic>

#include <sodium.h>

#include "actors/live/directory.hpp"
#include "actors/live/domain.hpp"
#include "actors/live/messages.hpp"
#include "actors/system/context.hpp"
#include "actors/system/entity.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "media/health/sound_probe.hpp"
#include "net/api/live/alerts.hpp"
#include "net/api/live/captions.hpp"
#include "net/api/live/cues.hpp"
#include "net/api/live/flv.hpp"
#include "net/api/live/health.hpp"
#include "net/api/live/links.hpp"
#include "net/api/live/party_book.hpp"
#include "net/api/live/playlists.hpp"
#include "net/api/live/quality.hpp"
#include "net/api/live/quality_book.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/live/shield.hpp"
#include "net/api/live/thumbnails.hpp"
#include "net/api/live/view_book.hpp"
#include "net/api/live/view_roll.hpp"
#include "net/flv/fanout.hpp"
#include "net/http/router.hpp"
#include "net/ws/hub.hpp"

namespace troupe::api {
namespace {

/// Encoders open within a second of the first chunk; players read once what renditions there are.
constexpr std::chrono::milliseconds kAwaitLadder{3'000};

bool makes_renditions(const media::LadderOptions& ladder) {
  return !ladder.rungs.empty() || ladder.sound_kbit_per_s > 0;
}

std::uint64_t unix_us() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

class Publisher final : public LivePublisher {
 public:
  Publisher(actors::EntityRegistry& entities, live::Directory& directory, std::string id,
            std::shared_ptr<live::PublisherPlace> place)
      : entities_(entities), directory_(directory), id_(std::move(id)), place_(std::move(place)) {}
  ~Publisher() override {
    if (publication_) tell(live::stop_atom::value, publication_);
    directory_.end_publishing(id_, *place_);
  }

  void tracks(std::vector<media::Track> tracks) override {
    // One that lost its place must not outdo the publication of its successor.
    if (!place_->held().ok()) return;
    place_->start(tracks);
    publication_ = std::make_shared<const live::Publication>(
        live::Publication{id_, unix_us(), std::move(tracks)});
    tell(live::begin_atom::value, publication_);
  }

  Result<void> chunk(media::ChunkPtr chunk) override {
    if (auto held = place_->held(); !held.ok()) return held;
    if (!publication_) return error(ErrorCode::conflict, "chunk before tracks");
    place_->add(*chunk);
    tell(live::chunk_atom::value, publication_, std::move(chunk));
    return {};
  }

 private:
  template <class... Args>
  void tell(Args... args) {
    entities_.tell(live::kKind, id_, caf::make_message(std::move(args)...));
  }

  actors::EntityRegistry& entities_;
  live::Directory& directory_;
  const std::string id_;
  const std::shared_ptr<live::PublisherPlace> place_;
  live::PublicationPtr publication_;
};

class Gateway final : public LiveGateway {
 public:
  Gateway(actors::Context& context, std::vector<boost::asio::io_context*> loops)
      : context_(context),
        loop_(*loops.front()),
        fanout_(std::make_shared<ws::Fanout>(loops, context.metrics)),
        flv_(std::move(loops), context.metrics, *fanout_),
        quality_(std::make_shared<QualityBook>(context.metrics)),
        health_(std::make_shared<HealthBook>()) {
    fanout_->follow(flv_.follower());
  }

  ~Gateway() override {
    flv_.close();
    edge_.reset();
    links_->edge = nullptr;
    links_->api = nullptr;
    if (relay_) relay_->close();
    fanout_->close();
    if (playlists_) playlists_->close();
    if (alerts_) alerts_->close();
    if (roll_) roll_->close();
  }

  Result<void> open(const actors::Asker& asker, http::Router& router, LiveGatewayOptions options) {
    const auto exists = [this](const std::string& id) {
      return directory_.check(id, {}).code() != ErrorCode::not_found;
    };
    const auto views = std::make_shared<ViewBook>(options.views_per_account);
    const bool edge = options.edge.has_value();
    open_gate(options);
    caption_languages_ = options.caption_languages;
    playlists_ = std::make_shared<LivePlaylists>(
        loop_, context_.metrics,
        LivePlaylistOptions{
            .window = options.window,
            .cue_schemes = std::move(options.cue_schemes),
            .gate = gate_,
            .await_ladder =
                makes_renditions(options.ladder) ? kAwaitLadder : std::chrono::milliseconds(0),
            .shelf = std::move(options.shelf),
            .exists = exists,
            .admit = [this, views](const std::string& id, const std::string& viewer,
                                   const std::string& account) -> Result<void> {
              if (account.empty()) return {};
              return views->seen(account, viewer, directory_.views_per_account(id),
                                 std::chrono::steady_clock::now());
            },
            .summon = edge ? summon() : nullptr,
            .asked =
                edge ? [links = links_](const std::string& id) { return links->edge->relays(id); }
                     : std::function<bool(const std::string&)>(),
            .observe =
                [book = quality_](const std::string& id, const http::Request& request,
                                  const Viewing& viewing) {
                  note_cmcd(*book, id, request, viewing.viewer);
                }});
    playlists_->mount(router);
    if (auto opened = open_relay(options); !opened.ok()) return opened;
    const auto here = [exists, links = links_](const std::string& id) {
      return exists(id) || (links->edge != nullptr && links->edge->relays(id));
    };
    open_ladder(router, options, here);
    mount_live_quality(router, {quality_, asker, here, gate_});
    mount_live_links(router, gate_, asker);
    open_health(router, asker, options);
    if (auto restored = restore_cues(*cues_, context_.store, context_.writer); !restored.ok())
      return restored;
    mount_live_cues(router, {cues_, context_.writer, asker, announce_cue()});
    live::Options live_options;
    live_options.record = options.record;
    if (auto added = live::add_live(context_, directory_, output(options.record_caption),
                                    std::move(live_options));
        !added.ok())
      return added;
    links_->api =
        std::make_shared<const LiveApi>(LiveApi{.context = context_,
                                                .asker = asker,
                                                .directory = directory_,
                                                .fanout = *fanout_,
                                                .playlists = *playlists_,
                                                .ladder = ladder_,
                                                .thumbnails = thumbnails_ != nullptr,
                                                .srt_origin = std::move(options.srt_origin),
                                                .rtmp_origin = std::move(options.rtmp_origin),
                                                .ingest = std::move(options.ingest),
                                                .record = std::move(options.record),
                                                .anonymous_viewers = options.anonymous_viewers,
                                                .gate = gate_,
                                                .roll = roll_,
                                                .cues = cues_,
                                                .views = views,
                                                .parties = std::make_shared<PartyBook>(),
                                                .instance = instance_,
                                                .relay = relay_,
                                                .edge = edge_.get(),
                                                .verify = std::move(options.verify)});
    mount_live(router, links_->api);
    mount_live_flv(router, links_->api, flv_);
    return {};
  }

  [[nodiscard]] Result<void> may_publish(const std::string& id, std::string_view key,
                                         live::KeyUse use) const override {
    return count_refusal(directory_.check(id, key, use));
  }
  Result<std::shared_ptr<const live::KeyHold>> hold(const std::string& id, std::string_view key,
                                                    live::KeyUse use) const override {
    auto found = directory_.hold(id, key, use);
    if (!found.ok()) return count_refusal(found.error()).error();
    return found;
  }
  Result<std::shared_ptr<const live::KeyHold>> own_hold(const std::string& id) const override {
    return directory_.own_hold(id);
  }

  Result<std::unique_ptr<LivePublisher>> publish(const std::string& id,
                                                 const std::string& key) override {
    return enter(id, directory_.begin_publishing(id, key));
  }
  Result<std::unique_ptr<LivePublisher>> publish_own(const std::string& id) override {
    return enter(id, directory_.begin_own(id));
  }
  [[nodiscard]] std::shared_ptr<const ViewGate> gate() const override { return gate_; }

 private:
  Result<std::unique_ptr<LivePublisher>> enter(
      const std::string& id, Result<std::shared_ptr<live::PublisherPlace>> place) {
    if (!place.ok()) return count_refusal(place.error()).error();
    return std::unique_ptr<LivePublisher>(
        std::make_unique<Publisher>(context_.entities, directory_, id, std::move(*place)));
  }

  /// Brings sessions from the origin for viewers of HLS and DASH.
  [[nodiscard]] decltype(LivePlaylistOptions::summon) summon() const {
    return [links = links_](const std::string& id, const http::Request& request,
                            std::function<void(Result<void>)> then) {
      const auto via = via_of(*links->api, request);
      if (!via.ok()) return then(via.error());
      links->edge->enter(id, *via, std::move(then));
    };
  }

  Result<void> open_relay(LiveGatewayOptions& options) {
    if (!options.verify) {
      options.verify = [](const std::string&) -> Result<http::Principal> {
        return error(ErrorCode::unauthenticated, "no tokens are taken here");
      };
    }
    relay_ = std::make_shared<RelayHub>(loop_, *fanout_, context_.metrics,
                                        relay_options(instance_, fanout_, playlists_, links_));
    relay_->start();
    if (options.ladder.thumbnail_every.count() > 0 || options.edge)
      thumbnails_ = std::make_shared<ThumbnailBook>(options.window.window_us);
    links_->thumbnails = thumbnails_;
    if (!options.edge) return {};
    options.edge->instance = instance_;
    auto edge = LiveEdge::start(
        context_.metrics, *options.edge,
        edge_sinks({fanout_, playlists_, cues_, relay_, directory_, roll_, thumbnails_}));
    if (!edge.ok()) return edge.error();
    edge_ = std::move(*edge);
    links_->edge = edge_.get();
    return {};
  }

  [[nodiscard]] std::function<void(const std::string&, const Cue&)> announce_cue() const {
    return [fanout = fanout_, playlists = playlists_](const std::string& id, const Cue& cue) {
      fanout->text(id, CueBook::message(cue));
      playlists->mark(id, CueBook::mark(cue));
    };
  }

  void open_gate(LiveGatewayOptions& options) {
    constexpr std::size_t kKeyBytes = 32;
    std::string key(kKeyBytes, '\0');
    randombytes_buf(key.data(), key.size());
    gate_ = std::make_shared<const ViewGate>(
        ViewGate{.directory = directory_,
                 .metrics = context_.metrics,
                 .anonymous_viewers = options.anonymous_viewers,
                 .keys = options.link_keys.value_or(LinkKeys::own(std::move(key))),
                 .country = std::move(options.country),
                 .unknown_country_may = options.unknown_country_may});
    roll_ = std::make_shared<ViewRoll>(loop_, gate_);
  }

  void open_health(http::Router& router, const actors::Asker& asker,
                   const LiveGatewayOptions& options) {
    mount_live_health(router, {health_, asker});
    alerts_ = std::make_shared<LiveAlerts>(context_, loop_, health_, quality_, options.alerts);
    alerts_->mount(router, asker);
    if (!options.loudness) return;
    sound_ = std::make_shared<media::SoundProbe>(
        [book = health_](const std::string& id, std::uint64_t epoch,
                         const media::HealthLook& look) { book->look(id, epoch, look); });
  }

  /// Results reach viewers from the workers' threads; a publication's epoch says what they belong
  /// to.
  void open_ladder(http::Router& router, const LiveGatewayOptions& options,
                   std::function<bool(const std::string&)> exists) {
    const bool thumbnails = options.ladder.thumbnail_every.count() > 0;
    if (thumbnails_)
      mount_live_thumbnails(router, {thumbnails_, exists, gate_, edge_ ? summon() : nullptr});
    if (!makes_renditions(options.ladder) && !thumbnails) return;
    media::LadderSink sink;
    sink.renditions = [fanout = fanout_, playlists = playlists_, relay = relay_](
                          const std::string& id, std::uint64_t epoch,
                          const std::vector<media::Track>& tracks) {
      playlists->set_made(id, epoch, tracks);
      // Viewers over WebSocket hear what was published.
      auto pictures = tracks;
      std::erase_if(pictures, [](const auto& t) { return t.kind == media::TrackKind::audio; });
      fanout->set_renditions(id, epoch, pictures);
      relay->renditions(id, epoch, tracks);
    };
    sink.chunk = [fanout = fanout_, playlists = playlists_](
                     const std::string& id, std::uint64_t epoch, const media::ChunkPtr& chunk) {
      fanout->rendition_chunk(id, epoch, chunk);
      playlists->push_made(id, epoch, *chunk);
    };
    sink.look = [book = health_](const std::string& id, std::uint64_t epoch,
                                 const media::HealthLook& look) { book->look(id, epoch, look); };
    if (thumbnails) {
      sink.thumbnail = [book = thumbnails_, record = options.record_thumbnail, relay = relay_](
                           const std::string& id, std::uint64_t epoch,
                           const media::Thumbnail& thumbnail) {
        book->add(id, thumbnail);
        relay->thumbnail(id, thumbnail);
        if (record) record(id, epoch, thumbnail);
      };
    }
    ladder_ = std::make_shared<media::Ladder>(options.ladder, context_.metrics, std::move(sink));
  }

  live::Output output(
      std::function<void(const std::string&, std::uint64_t, const media::CaptionEvent&)>
          record_caption) {
    live::Output out;
    const auto captions = std::make_shared<LiveCaptions>();
    out.start = [fanout = fanout_, playlists = playlists_, ladder = ladder_, health = health_,
                 alerts = alerts_, sound = sound_, cues = cues_,
                 captions](const live::PublicationPtr& publication) {
      cues->start(*publication);
      health->start(publication->session_id, publication->epoch, publication->tracks);
      alerts->load(publication->session_id);
      if (sound) sound->start(publication->session_id, publication->epoch, publication->tracks);
      playlists->start(publication);
      captions->start(*publication);
      fanout->start(publication->session_id, publication->epoch, publication->tracks);
      if (ladder) ladder->start(publication->session_id, publication->epoch, publication->tracks);
    };
    out.chunk = [fanout = fanout_, playlists = playlists_, ladder = ladder_, health = health_,
                 sound = sound_, cues = cues_, announce = announce_cue(),
                 record_caption = std::move(record_caption), languages = caption_languages_,
                 relay = relay_, captions](const std::string& id, const media::ChunkPtr& chunk) {
      fanout->chunk(id, chunk);
      for (const auto& cue : cues->chunk(id, *chunk)) announce(id, cue);
      health->chunk(id, *chunk);
      if (sound) sound->push(id, *chunk);
      const auto shown = captions->read(id, *chunk);
      for (const auto& event : shown.events) {
        const auto track = caption_track(event.channel, languages);
        playlists->caption(id, shown.epoch, event.start_us, event.text, track);
        relay->caption(id, {shown.epoch, event.start_us, event.text, track});
        // The others are for players who choose one.
        if (event.channel != media::CaptionChannel::cc1) continue;
        fanout->text(id, LiveCaptions::message(shown.epoch, event));
        if (record_caption) record_caption(id, shown.epoch, event);
      }
      playlists->chunk(id, *chunk);
      if (ladder) ladder->push(id, chunk);
    };
    out.stop = [fanout = fanout_, playlists = playlists_, ladder = ladder_, health = health_,
                sound = sound_, cues = cues_, captions](const std::string& id) {
      cues->stop(id);
      health->stop(id);
      if (sound) sound->stop(id);
      captions->stop(id);
      if (ladder) ladder->stop(id);
      fanout->stop(id);
      playlists->stop(id);
    };
    out.end = [fanout = fanout_, playlists = playlists_, ladder = ladder_, thumbnails = thumbnails_,
               health = health_, sound = sound_, cues = cues_, captions](const std::string& id) {
      cues->stop(id);
      health->forget(id);
      if (sound) sound->stop(id);
      captions->stop(id);
      if (ladder) ladder->stop(id);
      if (thumbnails) thumbnails->forget(id);
      fanout->end(id);
      playlists->end(id);
    };
    out.viewing_changed = [roll = roll_, relay = relay_](const std::string& id) {
      roll->judge_again(id);
      relay->rules_changed(id);
    };
    out.text = [fanout = fanout_](const std::string& id, const std::string& json) {
      fanout->text(id, json);
    };
    return out;
  }

  Result<void> count_refusal(Result<void> verdict) const {
    if (!verdict.ok()) {
      context_.metrics
          .counter("troupe_live_publish_refused_total", "Publishers refused",
                   {{"code", std::string(to_string(verdict.code()))}})
          .Increment();
    }
    return verdict;
  }

  actors::Context& context_;
  live::Directory directory_;
  boost::asio::io_context& loop_;
  std::shared_ptr<ws::Fanout> fanout_;
  flv::Fanout flv_;
  std::shared_ptr<const ViewGate> gate_;
  std::shared_ptr<ViewRoll> roll_;
  std::shared_ptr<LivePlaylists> playlists_;
  std::shared_ptr<QualityBook> quality_;
  std::shared_ptr<HealthBook> health_;
  std::shared_ptr<LiveAlerts> alerts_;
  std::shared_ptr<media::SoundProbe> sound_;  ///< null: sound is not decoded
  const std::shared_ptr<CueBook> cues_ = std::make_shared<CueBook>();
  const std::string instance_ = make_id_string();
  const std::shared_ptr<ShieldLinks> links_ = std::make_shared<ShieldLinks>();
  std::shared_ptr<RelayHub> relay_;
  std::unique_ptr<LiveEdge> edge_;  ///< null: nothing comes from elsewhere
  media::CaptionLanguages caption_languages_;
  std::shared_ptr<ThumbnailBook> thumbnails_;
  std::shared_ptr<media::Ladder> ladder_;  ///< null: nothing is decoded
};

}  // namespace

Result<std::unique_ptr<LiveGateway>> LiveGateway::start(actors::Context& context,
                                                        const actors::Asker& asker,
                                                        std::vector<boost::asio::io_context*> loops,
                                                        http::Router& router,
                                                        LiveGatewayOptions options) {
  auto gateway = std::make_unique<Gateway>(context, std::move(loops));
  if (auto opened = gateway->open(asker, router, std::move(options)); !opened.ok())
    return opened.error();
  return std::unique_ptr<LiveGateway>(std::move(gateway));
}

}  // namespace troupe::api

#include "server/domains.hpp"

#include "actors/auction/domain.hpp"
#include "actors/feed/domain.hpp"
#include "actors/leaderboard/domain.hpp"
#include "actors/ratings/settlement_actor.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/tournament/results_actor.hpp"
#include "media/playlist/event_messages.hpp"
#include "net/api/auction_api.hpp"
#include "net/api/feed_api.hpp"
#include "net/api/leaderboard_api.hpp"
#include "net/api/live/country_book.hpp"
#include "net/api/live/gateway.hpp"
#include "net/api/live/relay.hpp"
#include "net/api/ratings_api.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/request_head.hpp"
#include "net/http/router.hpp"
#include "net/http/server.hpp"
#include "server/games.hpp"
#include "server/ingress.hpp"
#include "server/recordings.hpp"
#include "server/token_key.hpp"
#include "storage/retention.hpp"

namespace troupe::server {

/// Each domain adds its gateway here and its lines to `start`.
struct Domains::Impl {
  std::uint16_t srt_port = 0;
  std::uint16_t rtmp_port = 0;
  std::unique_ptr<storage::Retention> retention;  // null: the journal is kept for ever
  std::unique_ptr<Recordings> recordings;         // null: nothing is recorded
  std::unique_ptr<api::LiveGateway> live;
  std::unique_ptr<Ingress> ingress;  // after `live`, which its publishers use
  feed::FeedDomain feed;
  std::unique_ptr<Games> games;  // null: there are none
};

Domains::Domains(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Domains::~Domains() = default;

namespace {

Result<void> start_auction(const Wiring& w) {
  const auto actors = static_cast<std::size_t>(w.config.ads_auction_actors);
  auto book = auction::add_auction(
      w.context,
      {.auction_actors = actors, .rules = {.min_price = w.config.ads_min_price_cpm_micros}});
  if (!book.ok()) return book.error();
  api::mount_auction(w.router, {.context = w.context,
                                .asker = w.asker,
                                .seal = auction::NoticeSeal(w.token_key.material),
                                .auction_actors = actors,
                                .default_tmax_ms = static_cast<int>(w.config.ads_default_tmax_ms),
                                .max_tmax_ms = static_cast<int>(w.config.ads_max_tmax_ms),
                                .public_url = {}});
  return {};
}

/// Listeners who are looked up for one post of a celebrity, about 10 ms of reading.
constexpr std::size_t kToldOfACelebrity = 5'000;

Result<feed::FeedDomain> start_feed(const Wiring& w) {
  auto listeners = std::make_shared<api::FeedListeners>();
  feed::FeedOptions options;
  options.max_active = static_cast<std::size_t>(w.config.feed_max_active);
  options.idle_after = std::chrono::seconds(w.config.feed_idle_s);
  options.fanout.limits.celebrity_followers =
      static_cast<std::size_t>(w.config.feed_celebrity_followers);
  options.fanout.limits.timeline_keep = static_cast<std::size_t>(w.config.feed_timeline_keep);
  options.fanout.listening = [listeners] { return listeners->users(kToldOfACelebrity); };
  options.fanout.on_delivered = [listeners](const auto& users, const feed::Post& post) {
    listeners->notify(users, post);
  };
  auto domain = feed::add_feed(w.context, std::move(options));
  if (domain.ok()) api::mount_feed(w.router, {w.context, w.asker, listeners});
  return domain;
}

Result<void> start_ranking(const Wiring& w) {
  const auto system = ratings::parse_system(w.config.ratings_system);
  if (!system) return error(ErrorCode::invalid_argument, "ratings.system");
  ratings::add_ratings(w.context, {*system, w.config.ratings_only_matchmade});
  api::mount_ratings(w.router, w.context);
  auto catalogue = leaderboard::add_leaderboard(
      w.context, {static_cast<std::uint64_t>(w.config.leaderboard_max_entries)});
  if (!catalogue.ok()) return catalogue.error();
  api::mount_leaderboard(w.router, {w.context, w.asker, *catalogue});
  return {};
}

/// Null when the journal is kept for ever.
std::unique_ptr<storage::Retention> start_retention(const Wiring& w) {
  if (w.config.storage_journal_keep_hours == 0) return nullptr;
  storage::RetentionOptions options;
  options.journal_age = std::chrono::hours(w.config.storage_journal_keep_hours);
  options.consumers = {feed::kFanoutConsumer, std::string(ratings::kSettlementConsumer),
                       std::string(leaderboard::kPointsConsumer)};
  if (w.config.match_enabled) options.consumers.emplace_back(tournament::kResultsConsumer);
  return std::make_unique<storage::Retention>(w.context.store, w.context.writer, w.context.metrics,
                                              std::move(options));
}

std::vector<boost::asio::io_context*> loops_of(http::IoPool& io) {
  std::vector<boost::asio::io_context*> out;
  for (std::size_t i = 0; i < io.size(); ++i) out.push_back(&io.at(i));
  return out;
}

std::int64_t unix_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Sessions that come from another server, and tokens that others pass on.
Result<void> open_shield(const Wiring& w, api::LiveGatewayOptions& options) {
  options.verify = [key = w.token_key](const std::string& token) {
    return http::principal_of(token, key, http::ServerOptions{}.audience);
  };
  if (w.config.live_origin.empty()) return {};
  if (w.config.live_origin_token.empty() && w.token_key.algorithm != JwtAlgorithm::hs256)
    return error(ErrorCode::invalid_argument, "live.origin_token: needed with ES256");
  options.edge.emplace();
  options.edge->origin = w.config.live_origin;
  options.edge->ca_file = w.config.live_origin_ca_file;
  options.edge->idle = std::chrono::seconds(w.config.live_origin_idle_s);
  options.edge->max_sessions = static_cast<std::size_t>(w.config.live_origin_max_sessions);
  options.edge->token = [key = w.token_key, given = w.config.live_origin_token] {
    constexpr std::int64_t kLifeS = 300;
    if (!given.empty()) return given;
    const auto made = sign_jwt(key, {.subject = "edge",
                                     .audience = http::ServerOptions{}.audience,
                                     .scope = api::kRelayScope,
                                     .extra = {},
                                     .expires_s = unix_s() + kLifeS});
    return made.ok() ? *made : std::string();
  };
  return {};
}

/// What viewers are judged by.
Result<void> open_gate(const Wiring& w, api::LiveGatewayOptions& options) {
  options.unknown_country_may = w.config.live_geo_unknown_may;
  if (!w.config.live_geo_database.empty()) {
    auto book = api::CountryBook::open(w.config.live_geo_database, w.context.metrics);
    if (!book.ok()) return error(book.code(), "live.geo_database: " + book.error().detail);
    options.country = [countries = *book](const std::string& at) { return countries->country(at); };
  }
  if (!w.config.live_link_keys.empty()) {
    auto keys = api::LinkKeys::parse(w.config.live_link_keys);
    if (!keys.ok()) return error(keys.code(), "live.link_keys: " + keys.error().detail);
    options.link_keys = std::move(*keys);
    return {};
  }
  auto key = load_secret(std::filesystem::path(w.config.data_dir) / "link.key");
  if (!key.ok()) return key.error();
  options.link_keys = api::LinkKeys::own(std::move(*key));
  return {};
}

/// The viewers' half. A protocol of publishers enters by LiveGateway::publish and says where it
/// listens in `srt_port` and the like; 0: not at all.
Result<std::unique_ptr<api::LiveGateway>> start_live(const Wiring& w, Recordings* recordings,
                                                     const std::uint16_t& srt_port,
                                                     const std::uint16_t& rtmp_port,
                                                     const std::unique_ptr<Ingress>& ingress) {
  const auto loops = loops_of(w.io);
  api::LiveGatewayOptions options;
  if (auto shield = open_shield(w, options); !shield.ok()) return shield.error();
  options.srt_origin = [host = w.config.live_address, &srt_port] {
    return "srt://" + host + ":" + std::to_string(srt_port);
  };
  options.rtmp_origin = [host = w.config.live_address, &rtmp_port]() -> std::string {
    return rtmp_port == 0 ? "" : "rtmp://" + host + ":" + std::to_string(rtmp_port);
  };
  options.ingest = Ingress::hooks(ingress);
  options.anonymous_viewers = w.config.live_anonymous_viewers;
  options.views_per_account = static_cast<std::size_t>(w.config.live_views_per_account);
  options.window = {.segment_us = w.config.live_segment_ms * 1'000,
                    .part_us = w.config.live_part_ms * 1'000,
                    .window_us = w.config.live_rewind_s * 1'000'000};
  auto alerts = media::parse_alert_rules(w.config.live_alerts);
  if (!alerts.ok()) return error(alerts.code(), "live.alerts: " + alerts.error().detail);
  options.alerts = *alerts;
  options.loudness = w.config.live_loudness;
  auto schemes = media::parse_event_schemes(w.config.live_cue_schemes);
  if (!schemes.ok()) return error(schemes.code(), "live.cue_schemes: " + schemes.error().detail);
  options.cue_schemes = std::move(*schemes);
  auto languages = media::parse_caption_languages(w.config.live_caption_languages);
  if (!languages.ok())
    return error(languages.code(), "live.caption_languages: " + languages.error().detail);
  options.caption_languages = std::move(*languages);
  auto rungs = media::parse_ladder(w.config.live_ladder);
  if (!rungs.ok()) return error(rungs.code(), "live.ladder: " + rungs.error().detail);
  const auto sound = media::parse_ladder_audio(w.config.live_ladder_audio);
  if (!sound.ok()) return error(sound.code(), "live.ladder_audio: " + sound.error().detail);
  options.ladder = {.rungs = std::move(*rungs),
                    .sound_kbit_per_s = *sound,
                    .workers = static_cast<std::size_t>(w.config.live_ladder_workers),
                    .max_lag = std::chrono::milliseconds(w.config.live_ladder_max_lag_ms),
                    .calm = std::chrono::seconds(w.config.live_ladder_calm_s),
                    .thumbnail_every = std::chrono::seconds(w.config.live_thumbnail_s)};
  if (recordings != nullptr) recordings->record(options);
  if (auto done = open_gate(w, options); !done.ok()) return done.error();
  auto live =
      api::LiveGateway::start(w.context, w.asker, std::move(loops), w.router, std::move(options));
  if (live.ok() && recordings != nullptr) recordings->mount((*live)->gate());
  return live;
}

}  // namespace

Result<std::unique_ptr<Domains>> Domains::start(const Wiring& wiring) {
  auto impl = std::make_unique<Impl>();
  if (auto done = start_auction(wiring); !done.ok()) return done.error();
  auto feed = start_feed(wiring);
  if (!feed.ok()) return feed.error();
  impl->feed = std::move(*feed);
  if (auto done = start_ranking(wiring); !done.ok()) return done.error();
  impl->retention = start_retention(wiring);
  if (wiring.config.match_enabled) {
    auto games = Games::start(wiring);
    if (!games.ok()) return games.error();
    impl->games = std::move(*games);
  }
  if (wiring.config.live_enabled) {
    auto recordings = Recordings::start(wiring);
    if (!recordings.ok()) return recordings.error();
    impl->recordings = std::move(*recordings);
    auto live =
        start_live(wiring, impl->recordings.get(), impl->srt_port, impl->rtmp_port, impl->ingress);
    if (!live.ok()) return live.error();
    impl->live = std::move(*live);
    auto ingress = Ingress::start(wiring, *impl->live);
    if (!ingress.ok()) return ingress.error();
    impl->ingress = std::move(*ingress);
    impl->srt_port = impl->ingress->srt_port();
    impl->rtmp_port = impl->ingress->rtmp_port();
  }
  return std::unique_ptr<Domains>(new Domains(std::move(impl)));
}

std::uint16_t Domains::game_port() const noexcept {
  return impl_->games ? impl_->games->port() : std::uint16_t{0};
}
std::uint16_t Domains::srt_port() const noexcept {
  return impl_->srt_port;
}
std::uint16_t Domains::rtmp_port() const noexcept {
  return impl_->rtmp_port;
}
void Domains::drain() {
  if (impl_->games) impl_->games->drain();
}
std::string Domains::draining() const {
  return impl_->games ? impl_->games->draining() : "";
}
void Domains::stop_ingress() {
  if (impl_->ingress) impl_->ingress->stop();
  if (impl_->games) impl_->games->stop();
}

}  // namespace troupe::server

#include "server/domains.hpp"

#include <algorithm>
#include <future>
#include <sstream>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "actors/auction/domain.hpp"
#include "actors/feed/domain.hpp"
#include "actors/fleet/fleet.hpp"
#include "actors/leaderboard/domain.hpp"
#include "actors/match/domain.hpp"
#include "actors/match/fairness/fairness_actor.hpp"
#include "actors/matchmaking/desk_actor.hpp"
#include "actors/ratings/settlement_actor.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/ticker.hpp"
#include "actors/tournament/results_actor.hpp"
#include "actors/tournament/tournament_actor.hpp"
#include "media/recording/clip_maker.hpp"
#include "media/recording/recorder.hpp"
#include "net/api/auction_api.hpp"
#include "net/api/fairness_api.hpp"
#include "net/api/feed_api.hpp"
#include "net/api/fleet_api.hpp"
#include "net/api/leaderboard_api.hpp"
#include "net/api/live_clips.hpp"
#include "net/api/live_gateway.hpp"
#include "net/api/live_pull.hpp"
#include "net/api/live_recordings.hpp"
#include "net/api/game_lobby.hpp"
#include "net/api/game_tickets.hpp"
#include "net/api/match_api.hpp"
#include "net/api/match_play.hpp"
#include "net/api/match_watch.hpp"
#include "net/api/matchmaking_api.hpp"
#include "net/api/ratings_api.hpp"
#include "net/api/tournament_api.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/router.hpp"
#include "net/udp/gateway.hpp"
#include "net/udp/output_switch.hpp"
#include "server/ingress.hpp"
#include "storage/retention.hpp"

namespace troupe::server {

/// How players reach matches.
struct GameGateways {
  std::shared_ptr<fleet::Fleet> fleet;
  std::vector<std::unique_ptr<udp::Gateway>> udp;  ///< one for each host of the fleet
  std::unique_ptr<api::MatchPlay> ws;
  udp::OutputSwitch outputs;
  std::shared_ptr<udp::Door> door;
  std::shared_ptr<const api::GameTickets> tickets;
};

/// Each domain adds its gateway here and its lines to `start`.
struct Domains::Impl {
  std::int64_t drain_s = 0;
  std::uint16_t game_port = 0;
  std::uint16_t srt_port = 0;
  std::uint16_t rtmp_port = 0;
  std::unique_ptr<storage::Retention> retention;  // null: the journal is kept for ever
  std::shared_ptr<media::Recorder> recorder;      // null: nothing is recorded
  std::unique_ptr<media::ClipMaker> clips;        // likewise; of what `recorder` has
  std::unique_ptr<api::LiveGateway> live;
  std::unique_ptr<Ingress> ingress;  // after `live`, which its publishers use
  feed::FeedDomain feed;
  std::unique_ptr<actors::Ticker> ticker;
  std::unique_ptr<api::MatchAudience> spectators;
  std::unique_ptr<GameGateways> game;
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

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> out;
  std::string name;
  for (std::istringstream in(text); std::getline(in, name, ',');) out.push_back(name);
  return out;
}

Result<void> start_matchmaking(const Wiring& w, GameGateways& game) {
  auto modes = matchmaking::parse_modes(w.config.matchmaking_modes);
  if (!modes.ok()) return modes.error();
  matchmaking::MatchmakingOptions options;
  options.desk.modes = *modes;
  options.desk.regions = split_names(w.config.matchmaking_regions);
  options.desk.max_tickets = static_cast<std::size_t>(w.config.matchmaking_max_tickets);
  options.desk.accept_ms = static_cast<std::uint64_t>(w.config.matchmaking_accept_s) * 1'000;
  options.desk.widening.max_wait_ms =
      static_cast<std::uint64_t>(w.config.matchmaking_max_wait_s) * 1'000;
  const auto system = *ratings::parse_system(w.config.ratings_system);
  const auto time_limit =
      static_cast<std::uint32_t>(w.config.match_time_limit_s * w.config.match_tick_hz);
  options.system = system;
  options.every = std::chrono::milliseconds(w.config.matchmaking_every_ms);
  options.time_limit_ticks = time_limit;
  const auto regions = options.desk.regions;
  if (auto done = matchmaking::add_matchmaking(w.context, std::move(options)); !done.ok())
    return done.error();
  api::mount_matchmaking(w.router, {w.asker, *modes, regions, game.tickets});
  game.door->open_lobby(std::make_shared<api::GameLobby>(
      w.asker, game.tickets, game.outputs, w.io.at(0),
      api::GameLobbyOptions{
          .modes = *modes,
          .regions = regions,
          .region = w.config.match_region,
          .away_for = std::chrono::seconds(w.config.matchmaking_away_s)}));
  tournament::add_tournament(w.context, {system, time_limit});
  api::mount_tournament(w.router, {w.context, w.asker});
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

/// Null when nothing is to be recorded.
Result<std::shared_ptr<media::Recorder>> start_recorder(const Wiring& w) {
  if (w.config.live_record_minutes == 0) return std::shared_ptr<media::Recorder>();
  media::RecorderOptions options;
  options.directory = std::filesystem::path(w.config.data_dir) / "recordings";
  options.window_us = w.config.live_record_minutes * 60'000'000;
  options.keep = std::chrono::hours(w.config.live_record_keep_hours);
  options.max_disk_bytes = static_cast<std::uint64_t>(w.config.live_record_max_mib) << 20;
  auto recorder = media::Recorder::open(std::move(options), w.context.metrics);
  if (!recorder.ok()) return recorder.error();
  return std::shared_ptr<media::Recorder>(std::move(*recorder));
}

std::vector<boost::asio::io_context*> loops_of(http::IoPool& io) {
  std::vector<boost::asio::io_context*> out;
  for (std::size_t i = 0; i < io.size(); ++i) out.push_back(&io.at(i));
  return out;
}

/// Null when nothing is recorded.
Result<std::unique_ptr<media::ClipMaker>> start_clips(const Wiring& w,
                                                      const media::Recorder* recorder) {
  if (recorder == nullptr) return std::unique_ptr<media::ClipMaker>();
  const std::filesystem::path data(w.config.data_dir);
  media::ClipOptions options;
  options.directory = data / "clips";
  options.recordings = data / "recordings";
  options.max_disk_bytes = static_cast<std::uint64_t>(w.config.live_clips_max_mib) << 20;
  auto clips = media::ClipMaker::open(std::move(options), *recorder, w.context.metrics);
  if (clips.ok()) {
    api::mount_live_clips(w.router,
                          {**clips, w.asker, w.context.reads, w.config.live_anonymous_viewers});
  }
  return clips;
}

/// The viewers' half. A protocol of publishers enters by LiveGateway::publish and says where it
/// listens in `srt_port` and the like; 0: not at all.
Result<std::unique_ptr<api::LiveGateway>> start_live(
    const Wiring& w, const std::shared_ptr<media::Recorder>& recorder,
    const std::uint16_t& srt_port, const std::uint16_t& rtmp_port,
    const std::unique_ptr<Ingress>& ingress) {
  const auto loops = loops_of(w.io);
  api::LiveGatewayOptions options;
  options.srt_origin = [host = w.config.live_address, &srt_port] {
    return "srt://" + host + ":" + std::to_string(srt_port);
  };
  options.rtmp_origin = [host = w.config.live_address, &rtmp_port]() -> std::string {
    return rtmp_port == 0 ? "" : "rtmp://" + host + ":" + std::to_string(rtmp_port);
  };
  options.ingest =
      api::pull_hooks([&ingress] { return ingress ? &ingress->pulls() : nullptr; });
  options.anonymous_viewers = w.config.live_anonymous_viewers;
  options.window = {.segment_us = w.config.live_segment_ms * 1'000,
                    .part_us = w.config.live_part_ms * 1'000,
                    .window_us = w.config.live_rewind_s * 1'000'000};
  auto rungs = media::parse_ladder(w.config.live_ladder);
  if (!rungs.ok()) return error(rungs.code(), "live.ladder: " + rungs.error().detail);
  options.ladder = {.rungs = std::move(*rungs),
                    .workers = static_cast<std::size_t>(w.config.live_ladder_workers),
                    .max_lag = std::chrono::milliseconds(w.config.live_ladder_max_lag_ms),
                    .thumbnail_every = std::chrono::seconds(w.config.live_thumbnail_s)};
  if (recorder) {
    options.record = [recorder](const live::PublicationPtr& publication,
                                const media::ChunkPtr& chunk) {
      recorder->push(publication->session_id, publication->epoch,
                     {publication, &publication->tracks}, chunk);
    };
    api::mount_live_recordings(w.router,
                               {*recorder, w.context.reads, w.config.live_anonymous_viewers});
  }
  return api::LiveGateway::start(w.context, w.asker, std::move(loops), w.router,
                                 std::move(options));
}

/// What game clients of all gateways come in by.
std::shared_ptr<udp::Door> open_door(const Wiring& w,
                                     const std::shared_ptr<match::InputBoxes>& inputs) {
  udp::DoorOptions options;
  options.token_key = w.token_key;
  auto& entities = w.context.entities;
  options.connects = {w.config.match_connects_per_second, w.config.match_connects_burst};
  options.on_enter = [&entities](const std::string& id, const match::Client& client) {
    entities.tell(match::kMatchKind, id, caf::make_message(match::enter_atom::value, client));
  };
  options.on_leave = [&entities](const std::string& id, const match::Client& client) {
    entities.tell(match::kMatchKind, id, caf::make_message(match::leave_atom::value, client));
  };
  options.on_input = [&entities, inputs](const std::string& id, match::InputPtr input) {
    if (inputs->put(id, input) != match::InputBoxes::Put::closed) return;
    entities.tell(match::kMatchKind, id,
                  caf::make_message(match::input_atom::value, std::move(input)));
  };
  return std::make_shared<udp::Door>(w.context.metrics, std::move(options));
}

constexpr udp::GatewayNumber kWebSocketGateway = 255;  // those of game hosts count from 0

/// The game host `number` of this process, into the fleet.
Result<std::unique_ptr<udp::Gateway>> start_host(const Wiring& w, udp::GatewayNumber number,
                                                 const std::shared_ptr<udp::Door>& door,
                                                 fleet::Fleet& fleet) {
  udp::GatewayOptions options;
  options.name = w.config.match_region + "-" + std::to_string(number + 1);
  options.address = w.config.match_address;
  const auto port = w.config.match_port == 0 ? 0 : w.config.match_port + number;
  if (port > 65'535) return error(ErrorCode::invalid_argument, "match.hosts: out of ports");
  options.port = static_cast<std::uint16_t>(port);
  options.max_clients = static_cast<std::size_t>(w.config.match_max_clients);
  options.max_clients_per_address =
      static_cast<std::size_t>(w.config.match_max_clients_per_address);
  options.first_session = udp::first_session(number);
  options.door = door;
  fleet::HostSpec host{options.name,
                       w.config.match_region,
                       w.config.match_public_address.empty() ? w.config.match_address
                                                             : w.config.match_public_address,
                       0,
                       static_cast<std::size_t>(w.config.match_host_players),
                       static_cast<std::size_t>(w.config.match_host_matches)};
  auto gateway = udp::Gateway::start(w.context.metrics, std::move(options));
  if (!gateway.ok()) return gateway;
  host.port = (*gateway)->port();
  if (auto added = fleet.add(std::move(host), w.context.store); !added.ok()) return added.error();
  return gateway;
}

void start_fairness(const Wiring& w) {
  fairness::FairnessOptions options;
  auto& limits = options.thresholds;
  limits.z = w.config.match_fairness_z;
  limits.accuracy.limit = w.config.match_fairness_accuracy;
  limits.reaction.limit = w.config.match_fairness_reaction;
  limits.snap.limit = w.config.match_fairness_snap;
  limits.flood.limit = w.config.match_fairness_flood;
  options.ladder = {static_cast<std::uint32_t>(w.config.match_fairness_shadow_strikes),
                    static_cast<std::uint32_t>(w.config.match_fairness_kick_strikes),
                    static_cast<std::uint32_t>(w.config.match_fairness_ban_strikes),
                    static_cast<std::uint32_t>(w.config.match_fairness_kick_s)};
  const auto kick = [&entities = w.context.entities](const std::string& id,
                                                     const std::string& player) {
    entities.nudge(match::kMatchKind, id, caf::make_message(match::kick_atom::value, player));
  };
  fairness::add_fairness(std::make_shared<fairness::FairnessShared>(w.context, options, kick));
  api::mount_fairness(w.router, w.context, w.asker);
}

Result<std::unique_ptr<GameGateways>> start_match(const Wiring& w, actors::Ticker& ticker,
                                                  api::MatchAudience& spectators) {
  const auto inputs = std::make_shared<match::InputBoxes>();
  const auto door = open_door(w, inputs);
  auto out = std::make_unique<GameGateways>();
  out->fleet = std::make_shared<fleet::Fleet>(w.context.metrics, w.context.writer,
                                              fleet::FleetOptions{.now_ms = w.context.now_ms});
  for (std::int64_t i = 0; i < w.config.match_hosts; ++i) {
    const auto number = static_cast<udp::GatewayNumber>(i);
    auto gateway = start_host(w, number, door, *out->fleet);
    if (!gateway.ok()) return gateway.error();
    out->outputs.add(number, **gateway);
    out->udp.push_back(std::move(*gateway));
  }
  out->ws = std::make_unique<api::MatchPlay>(
      w.context.metrics,
      api::MatchPlayOptions{.max_clients = static_cast<std::size_t>(w.config.match_max_clients),
                            .first_session = udp::first_session(kWebSocketGateway),
                            .door = door,
                            .loop = &w.io.at(0)});
  out->outputs.add(kWebSocketGateway, *out->ws);
  const match::MatchOptions match_options{
      static_cast<int>(w.config.match_tick_hz),
      static_cast<int>(w.config.match_checkpoint_ticks),
      static_cast<int>(w.config.match_rejoin_grace_s),
      static_cast<int>(w.config.match_spectator_delay_ms),
      static_cast<std::size_t>(w.config.match_max_matches),
      {static_cast<game::Length>(w.config.match_view_units) * game::kUnit,
       static_cast<std::uint32_t>(w.config.match_snapshot_bytes), w.config.match_hide_behind_walls},
      w.config.match_log,
      static_cast<int>(w.config.match_log_keep_s)};
  const auto shared = std::make_shared<match::MatchShared>(w.context, out->outputs, ticker,
                                                           match_options, &spectators);
  shared->inputs = inputs;
  shared->options.places = out->fleet;
  if (w.config.match_fairness) {
    shared->conduct = [&entities = w.context.entities](const std::string& player,
                                                       fairness::ReportPtr report) {
      entities.tell(fairness::kFairnessKind, player,
                    caf::make_message(fairness::report_atom::value, std::move(report)));
    };
  }
  match::add_match(shared);
  out->door = door;
  out->tickets = std::make_shared<api::GameTickets>(w.context, w.asker, w.token_key, out->fleet);
  api::mount_match(
      w.router,
      {w.context, w.asker, out->fleet, out->tickets, static_cast<int>(w.config.match_tick_hz),
       static_cast<int>(w.config.match_time_limit_s), w.config.match_anonymous_spectators});
  api::mount_match_watch(w.router, {w.asker, spectators, static_cast<int>(w.config.match_tick_hz),
                                    static_cast<int>(w.config.match_spectator_delay_ms),
                                    w.config.match_anonymous_spectators});
  api::mount_match_play(w.router, *out->ws);
  api::mount_fleet(w.router, out->fleet);
  return out;
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
    const std::chrono::nanoseconds period(1'000'000'000 / wiring.config.match_tick_hz);
    impl->ticker = std::make_unique<actors::Ticker>(period, wiring.context.metrics);
    impl->spectators = std::make_unique<api::MatchAudience>(
        loops_of(wiring.io), wiring.context.metrics,
        static_cast<std::size_t>(wiring.config.match_max_spectators));
    start_fairness(wiring);
    auto game = start_match(wiring, *impl->ticker, *impl->spectators);
    if (!game.ok()) return game.error();
    impl->game = std::move(*game);
    impl->drain_s = wiring.config.match_drain_s;
    impl->game_port = impl->game->udp.front()->port();
    if (auto done = start_matchmaking(wiring, *impl->game); !done.ok()) return done.error();
  }
  if (wiring.config.live_enabled) {
    auto recorder = start_recorder(wiring);
    if (!recorder.ok()) return recorder.error();
    impl->recorder = std::move(*recorder);
    auto clips = start_clips(wiring, impl->recorder.get());
    if (!clips.ok()) return clips.error();
    impl->clips = std::move(*clips);
    auto live = start_live(wiring, impl->recorder, impl->srt_port, impl->rtmp_port,
                           impl->ingress);
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
  return impl_->game_port;
}
std::uint16_t Domains::srt_port() const noexcept {
  return impl_->srt_port;
}
std::uint16_t Domains::rtmp_port() const noexcept {
  return impl_->rtmp_port;
}
void Domains::drain() {
  const auto seconds = impl_->drain_s;
  if (impl_->game == nullptr || seconds == 0) return;
  auto& fleet = *impl_->game->fleet;
  const auto begun = std::make_shared<std::promise<void>>();
  fleet.drain_all("signal", [begun](const auto&) { begun->set_value(); });
  begun->get_future().wait();
  spdlog::info("waiting up to {} s for matches to end", seconds);
  constexpr std::int64_t kTellEveryS = 5;
  for (auto left = seconds; left > 0; left -= kTellEveryS) {
    if (fleet.wait_until_empty(std::chrono::seconds(std::min(left, kTellEveryS))))
      return spdlog::info("all matches have ended");
    spdlog::info("{} matches go on", fleet.status().matches);
  }
  spdlog::warn("{} matches are stopped, and can go on after the next start",
               fleet.status().matches);
}
std::string Domains::draining() const {
  if (impl_->game == nullptr) return {};
  const auto status = impl_->game->fleet->status();
  return status.draining ? "draining: " + std::to_string(status.matches) + " matches" : "";
}
void Domains::stop_ingress() {
  if (impl_->ingress) impl_->ingress->stop();
  if (impl_->game == nullptr) return;
  for (auto& host : impl_->game->udp) host->stop();
  impl_->game->ws->stop();
  impl_->game->door->open_lobby(nullptr);
}

}  // namespace troupe::server

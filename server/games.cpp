#include "server/games.hpp"

#include <algorithm>
#include <future>
#include <sstream>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "actors/fleet/fleet.hpp"
#include "actors/match/domain.hpp"
#include "actors/match/fairness/fairness_actor.hpp"
#include "actors/matchmaking/desk_actor.hpp"
#include "actors/ratings/settlement_actor.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "actors/system/ticker.hpp"
#include "actors/tournament/tournament_actor.hpp"
#include "net/api/fairness_api.hpp"
#include "net/api/fleet_api.hpp"
#include "net/api/game_lobby.hpp"
#include "net/api/game_tickets.hpp"
#include "net/api/match_api.hpp"
#include "net/api/match_play.hpp"
#include "net/api/match_watch.hpp"
#include "net/api/matchmaking_api.hpp"
#include "net/api/tournament_api.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/router.hpp"
#include "net/udp/gateway.hpp"
#include "net/udp/output_switch.hpp"

namespace troupe::server {

struct Games::Impl {
  std::int64_t drain_s = 0;
  std::unique_ptr<actors::Ticker> ticker;
  std::unique_ptr<api::MatchAudience> spectators;
  std::shared_ptr<fleet::Fleet> fleet;
  std::vector<std::unique_ptr<udp::Gateway>> udp;  ///< one for each host of the fleet
  std::unique_ptr<api::MatchPlay> ws;
  udp::OutputSwitch outputs;
  std::shared_ptr<udp::Door> door;
  std::shared_ptr<const api::GameTickets> tickets;

  Result<void> start_hosts(const Wiring& w, const std::shared_ptr<match::InputBoxes>& inputs);
  void add_matches(const Wiring& w, const std::shared_ptr<match::InputBoxes>& inputs);
  void mount(const Wiring& w);
  Result<void> start_matchmaking(const Wiring& w);
};

namespace {

std::vector<boost::asio::io_context*> loops_of(http::IoPool& io) {
  std::vector<boost::asio::io_context*> out;
  for (std::size_t i = 0; i < io.size(); ++i) out.push_back(&io.at(i));
  return out;
}

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> out;
  std::string name;
  for (std::istringstream in(text); std::getline(in, name, ',');) out.push_back(name);
  return out;
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
  limits = fairness::at_ticks(limits, static_cast<int>(w.config.match_tick_hz));
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

}  // namespace

Result<void> Games::Impl::start_hosts(const Wiring& w,
                                      const std::shared_ptr<match::InputBoxes>& inputs) {
  door = open_door(w, inputs);
  fleet = std::make_shared<fleet::Fleet>(w.context.metrics, w.context.writer,
                                         fleet::FleetOptions{.now_ms = w.context.now_ms});
  for (std::int64_t i = 0; i < w.config.match_hosts; ++i) {
    const auto number = static_cast<udp::GatewayNumber>(i);
    auto gateway = start_host(w, number, door, *fleet);
    if (!gateway.ok()) return gateway.error();
    outputs.add(number, **gateway);
    udp.push_back(std::move(*gateway));
  }
  ws = std::make_unique<api::MatchPlay>(
      w.context.metrics,
      api::MatchPlayOptions{.max_clients = static_cast<std::size_t>(w.config.match_max_clients),
                            .first_session = udp::first_session(kWebSocketGateway),
                            .door = door,
                            .loop = &w.io.at(0)});
  outputs.add(kWebSocketGateway, *ws);
  return {};
}

void Games::Impl::add_matches(const Wiring& w, const std::shared_ptr<match::InputBoxes>& inputs) {
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
  const auto shared = std::make_shared<match::MatchShared>(w.context, outputs, *ticker,
                                                           match_options, spectators.get());
  shared->inputs = inputs;
  shared->options.places = fleet;
  shared->options.watch = w.config.match_fairness;
  shared->conduct = [&entities = w.context.entities](const std::string& player,
                                                     fairness::ReportPtr report) {
    entities.tell(fairness::kFairnessKind, player,
                  caf::make_message(fairness::report_atom::value, std::move(report)));
  };
  match::add_match(shared);
}

void Games::Impl::mount(const Wiring& w) {
  tickets = std::make_shared<api::GameTickets>(w.context, w.asker, w.token_key, fleet);
  api::mount_match(
      w.router,
      {w.context, w.asker, fleet, tickets, static_cast<int>(w.config.match_tick_hz),
       static_cast<int>(w.config.match_time_limit_s), w.config.match_anonymous_spectators});
  api::mount_match_watch(w.router, {w.asker, *spectators, static_cast<int>(w.config.match_tick_hz),
                                    static_cast<int>(w.config.match_spectator_delay_ms),
                                    w.config.match_anonymous_spectators});
  api::mount_match_play(w.router, *ws);
  api::mount_fleet(w.router, fleet);
}

Result<void> Games::Impl::start_matchmaking(const Wiring& w) {
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
  options.closed = [fleet = fleet] { return fleet->draining(); };
  const auto regions = options.desk.regions;
  if (auto done = matchmaking::add_matchmaking(w.context, std::move(options)); !done.ok())
    return done.error();
  api::mount_matchmaking(w.router, {w.asker, *modes, regions, tickets});
  door->open_lobby(std::make_shared<api::GameLobby>(
      w.asker, tickets, outputs, w.io.at(0),
      api::GameLobbyOptions{.modes = *modes,
                            .regions = regions,
                            .region = w.config.match_region,
                            .away_for = std::chrono::seconds(w.config.matchmaking_away_s)}));
  tournament::add_tournament(w.context, {system, time_limit});
  api::mount_tournament(w.router, {w.context, w.asker});
  return {};
}

Games::Games(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Games::~Games() = default;

Result<std::unique_ptr<Games>> Games::start(const Wiring& w) {
  auto impl = std::make_unique<Impl>();
  impl->drain_s = w.config.match_drain_s;
  impl->ticker = std::make_unique<actors::Ticker>(
      std::chrono::nanoseconds(1'000'000'000 / w.config.match_tick_hz), w.context.metrics);
  impl->spectators = std::make_unique<api::MatchAudience>(
      loops_of(w.io), w.context.metrics, static_cast<std::size_t>(w.config.match_max_spectators));
  start_fairness(w);
  const auto inputs = std::make_shared<match::InputBoxes>();
  if (auto done = impl->start_hosts(w, inputs); !done.ok()) return done.error();
  impl->add_matches(w, inputs);
  impl->mount(w);
  if (auto done = impl->start_matchmaking(w); !done.ok()) return done.error();
  return std::unique_ptr<Games>(new Games(std::move(impl)));
}

std::uint16_t Games::port() const noexcept {
  return impl_->udp.front()->port();
}

void Games::drain() {
  const auto seconds = impl_->drain_s;
  if (seconds == 0) return;
  auto& fleet = *impl_->fleet;
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
std::string Games::draining() const {
  const auto status = impl_->fleet->status();
  return status.draining ? "draining: " + std::to_string(status.matches) + " matches" : "";
}

void Games::stop() {
  for (auto& host : impl_->udp) host->stop();
  impl_->ws->stop();
  impl_->door->open_lobby(nullptr);
}

}  // namespace troupe::server

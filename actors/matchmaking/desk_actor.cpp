#include "actors/matchmaking/desk_actor.hpp"

#include <algorithm>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <spdlog/spdlog.h>

#include "actors/match/fairness/dossier.hpp"
#include "actors/match/messages.hpp"
#include "actors/ratings/made_match.hpp"
#include "actors/ratings/rating_store.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"
#include "game/registry.hpp"

namespace troupe::matchmaking {
namespace {

using Self = DeskActor::stateful_pointer<DeskState>;

constexpr auto kOpenTimeout = std::chrono::seconds(10);
/// Owner of the matches that are made here.
constexpr const char* kOwner = "@matchmaking";

std::uint64_t now(Self self) {
  return self->state.shared->context.now_ms();
}

/// The answer to a question about one ticket.
caf::result<ViewPtr> reply(const Result<TicketView>& view) {
  if (!view.ok()) return actors::to_caf(view.error());
  return std::make_shared<const TicketView>(*view);
}

// --- Ratings -------------------------------------------------------------------------------------

struct PartyRating {
  std::string ticket;
  double rating = 0, deviation = 0;
  Light light = Light::open;
  bool barred = false;
};
using PartyRatings = std::vector<PartyRating>;

/// Points per unit of the system's rating: its windows are stated in points.
double scale(ratings::System system) {
  return system == ratings::System::weng_lin || system == ratings::System::trueskill ? 100 : 1;
}

Result<PartyRatings> read_parties(const storage::Store& store, const std::vector<ToRate>& parties,
                                  ratings::System system, std::uint64_t now_ms) {
  PartyRatings out;
  for (const auto& party : parties) {
    auto& one = out.emplace_back(PartyRating{party.ticket});
    const auto size = static_cast<double>(party.players.size());
    for (const auto& player : party.players) {
      const auto rating = ratings::read_rating(store, player, party.mode, system);
      if (!rating.ok()) return rating.error();
      const auto dossier = fairness::read_dossier(store, player);
      if (!dossier.ok()) return dossier.error();
      if (dossier->standing.shadow) one.light = Light::shadow;
      one.barred = one.barred || fairness::barred(dossier->standing, now_ms);
      one.rating += rating->rating * scale(system) / size;
      one.deviation += rating->deviation * scale(system) / size;
    }
  }
  return out;
}

void rate_new_parties(Self self) {
  auto& state = self->state;
  auto parties = state.desk->take_unrated();
  if (parties.empty()) return;
  const auto system = state.shared->options.system;
  actors::read<PartyRatings>(
      self, state.shared->context.reads,
      [parties, system, at = now(self)](const storage::Store& store) {
        return read_parties(store, parties, system, at);
      },
      [self, parties, system](Result<PartyRatings> rated) {
        auto& desk = *self->state.desk;
        if (rated.ok()) {
          for (const auto& one : *rated) {
            one.barred ? desk.refuse(one.ticket, now(self))
                       : desk.rated(one.ticket, one.rating, one.deviation, one.light);
          }
          return;
        }
        // Better a match among strangers than none.
        spdlog::warn("matchmaking plays without ratings: {}", rated.error().detail);
        const auto unknown = ratings::initial(system);
        for (const auto& party : parties)
          desk.rated(party.ticket, unknown.rating * scale(system),
                     unknown.deviation * scale(system));
      });
}

/// All matches of a batch may fail for the same reason.
void warn_once(Self self, const Error& why) {
  if (!std::exchange(self->state.warned, true))
    spdlog::warn("matchmaking: no match: {}", why.detail);
}

// --- Matches -------------------------------------------------------------------------------------

void open_match(Self self, const ToStart& start, const std::string& id) {
  auto& state = self->state;
  match::MatchInfo wanted;
  wanted.id = id;
  wanted.owner = kOwner;
  wanted.created_ms = now(self);
  wanted.game = start.game;
  wanted.max_players = start.places;
  wanted.region = start.region;
  wanted.rules.time_limit_ticks = state.shared->options.time_limit_ticks;
  self->request(state.shared->context.entities.router(match::kMatchKind, id), kOpenTimeout,
                actors::route_atom::value, id, caf::make_message(match::open_atom::value, wanted))
      .then(
          [self, proposal = start.proposal](const match::InfoPtr& made) {
            auto& s = self->state;
            s.desk->started(proposal, made->id, now(self));
            s.shared->context.metrics
                .counter("troupe_matchmaking_matches_total", "Matches that were made")
                .Increment();
          },
          [self, id, proposal = start.proposal](const caf::error& e) {
            warn_once(self, actors::from_caf(e));
            // It is tried again with each batch, while all hosts are full for instance.
            storage::Batch batch;
            ratings::erase_made(batch, id);
            actors::persist(self, self->state.shared->context.writer, std::move(batch),
                            [](const auto&) {});
            self->state.desk->failed(proposal);
          });
}

/// A newcomer's match must still have the place.
void join_match(Self self, const ToStart& start) {
  auto& entities = self->state.shared->context.entities;
  self->request(entities.router(match::kMatchKind, start.match), kOpenTimeout,
                actors::route_atom::value, start.match, caf::make_message(match::info_atom::value))
      .then(
          [self, start](const match::InfoPtr& found) {
            if (found->ended_ms != 0 || found->players >= found->max_players)
              return self->state.desk->failed(start.proposal);
            storage::Batch batch;
            ratings::put_made(batch, start.match, {start.mode, start.sides, now(self)});
            actors::persist(self, self->state.shared->context.writer, std::move(batch),
                            [self, start](const auto& done) {
                              auto& desk = *self->state.desk;
                              done.ok() ? desk.started(start.proposal, start.match, now(self))
                                        : desk.failed(start.proposal);
                            });
          },
          [self, start](const caf::error&) { self->state.desk->failed(start.proposal); });
}

/// First how it is to be rated, then the match: one that ended could not be told otherwise.
void start_match(Self self, const ToStart& start) {
  if (!start.match.empty()) return join_match(self, start);
  const auto id = make_id_string();
  storage::Batch batch;
  ratings::put_made(batch, id, {start.mode, start.sides, now(self)});
  actors::persist(self, self->state.shared->context.writer, std::move(batch),
                  [self, start, id](const auto& done) {
                    if (done.ok()) return open_match(self, start, id);
                    warn_once(self, done.error());
                    self->state.desk->failed(start.proposal);
                  });
}

void run_batch(Self self) {
  auto& state = self->state;
  auto& metrics = state.shared->context.metrics;
  state.warned = false;
  const auto run = state.desk->run(now(self));
  for (const auto& start : run.to_start) start_match(self, start);
  auto& waited = metrics.histogram("troupe_matchmaking_wait_seconds",
                                   "From entering a queue to a proposal, by ticket",
                                   {0.5, 1, 2, 5, 10, 20, 30, 45, 60, 90});
  for (const auto seconds : run.waited_s) waited.Observe(seconds);
  metrics.counter("troupe_matchmaking_expired_total", "Tickets that nobody was found for")
      .Increment(static_cast<double>(run.expired));
  for (const auto& mode : state.desk->options().modes) {
    metrics.gauge("troupe_matchmaking_waiting", "Tickets in a queue", {{"mode", mode.name}})
        .Set(static_cast<double>(state.desk->waiting(mode.name)));
  }
  self->delayed_send(self, state.shared->options.every, batch_atom::value);
}

caf::result<ViewPtr> mine(Self self, const std::string& player) {
  const auto ticket = self->state.desk->ticket_of(player);
  if (ticket.empty()) return actors::to_caf(error(ErrorCode::not_found, "not in the queue"));
  return reply(self->state.desk->look(ticket, player));
}

QueuesPtr queues(const Desk& desk) {
  Queues out{{}, desk.options().regions};
  for (const auto& mode : desk.options().modes)
    out.queues.push_back({mode, desk.waiting(mode.name)});
  return std::make_shared<const Queues>(std::move(out));
}

}  // namespace

DeskActor::behavior_type desk_actor(Self self, std::shared_ptr<MatchmakingShared> shared) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.desk = std::make_unique<Desk>(state.shared->options.desk);
  self->delayed_send(self, state.shared->options.every, batch_atom::value);
  return {
      [self](enter_atom, const Wish& wish) -> caf::result<ViewPtr> {
        const auto& closed = self->state.shared->options.closed;
        if (closed && closed())
          return actors::to_caf(error(ErrorCode::unavailable, "the server drains"));
        auto view = self->state.desk->enter(make_id_string(), wish, now(self));
        rate_new_parties(self);
        return reply(view);
      },
      [self](accept_atom, const std::string& ticket, const PartyMember& as) {
        auto view = self->state.desk->accept(ticket, as.player, as, now(self));
        rate_new_parties(self);
        return reply(view);
      },
      [self](leave_atom, const std::string& ticket, const std::string& player) {
        return reply(self->state.desk->leave(ticket, player, now(self)));
      },
      [self](look_atom, const std::string& ticket, const std::string& player) {
        return reply(self->state.desk->look(ticket, player));
      },
      [self](mine_atom, const std::string& player) { return mine(self, player); },
      [self](queues_atom) { return queues(*self->state.desk); },
      [self](batch_atom) { run_batch(self); },
      [self](actors::passivate_atom) { self->quit(); },
  };
}

Result<void> add_matchmaking(actors::Context& context, MatchmakingOptions options) {
  for (const auto& mode : options.desk.modes) {
    const auto* game = game::find_game(mode.game);
    if (game == nullptr)
      return error(ErrorCode::invalid_argument,
                   "mode '" + mode.name + "': there is no game '" + mode.game + "'");
    const auto [least, most] = game->limits();
    if (mode.least_players < least || mode.players() > most)
      return error(ErrorCode::invalid_argument, "mode '" + mode.name + "': a match of " +
                                                    mode.game + " has " + std::to_string(least) +
                                                    " to " + std::to_string(most) + " players");
  }
  if (options.desk.regions.empty() || options.desk.regions.size() > kMaxRegions)
    return error(ErrorCode::invalid_argument, "1 to 8 regions");
  const auto shared =
      std::make_shared<MatchmakingShared>(MatchmakingShared{context, std::move(options)});
  actors::EntityKind kind;
  kind.name = kMatchmakingKind;
  kind.idle_after = std::chrono::milliseconds(0);
  kind.restart_eagerly = true;
  kind.max_waiting_per_entity = 10'000;
  kind.activate = [shared](caf::actor_system& system, const std::string&) {
    return caf::actor_cast<caf::actor>(system.spawn(desk_actor, shared));
  };
  context.entities.add_kind(std::move(kind));
  return {};
}

}  // namespace troupe::matchmaking

#include "actors/tournament/tournament_actor.hpp"

#include <algorithm>
#include <cassert>

#include <boost/json.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

#include "actors/match/messages.hpp"
#include "actors/ratings/made_match.hpp"
#include "actors/ratings/rating_store.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "actors/system/supervisor.hpp"
#include "actors/tournament/results_actor.hpp"
#include "actors/tournament/tournament_store.hpp"
#include "base/ids.hpp"

namespace troupe::tournament {
namespace {

using Self = TournamentActor::stateful_pointer<TournamentState>;
using Promise = caf::typed_response_promise<TournamentPtr>;
using PlayPromise = caf::typed_response_promise<std::string>;

constexpr std::size_t kMaxWaiting = 4'096;
constexpr auto kOpenTimeout = std::chrono::seconds(10);

/// Returns nothing, so that handlers can end with `return answer(…)`.
template <class P, class Value>
void answer(P promise, Value value) {
  promise.deliver(std::move(value));
}
template <class P>
void refuse(P promise, const Error& why) {
  promise.deliver(actors::to_caf(why));
}

void go_on(Self self) {
  auto& state = self->state;
  state.busy = false;
  while (!state.busy && !state.waiting.empty()) {
    const auto work = std::move(state.waiting.front());
    state.waiting.pop_front();
    work();
  }
  if (!state.busy && state.leaving) self->quit();
}

/// Runs `work` when nothing is on its way to disk.
template <class P>
P in_turn(Self self, P promise, std::function<void(P)> work) {
  auto& state = self->state;
  if (!state.busy)
    work(promise);
  else if (state.waiting.size() < kMaxWaiting)
    state.waiting.emplace_back([work = std::move(work), promise] { work(promise); });
  else
    refuse(promise, error(ErrorCode::overloaded, "too many changes of this tournament"));
  return promise;
}

void load(Self self) {
  auto& state = self->state;
  storage::Batch fence;  // once it is acknowledged, what came before it is on disk
  fence.erase(storage::Family::match,
              storage::KeyBuilder("tournament.fence").text(state.id).take());
  const auto fail = [self](const Error& why) {
    spdlog::error("tournament {}: {}", self->state.id, why.detail);
    self->quit(caf::exit_reason::unhandled_exception);
  };
  actors::persist(
      self, state.shared->context.writer, std::move(fence), [self, fail](const auto& done) {
        if (!done.ok()) return fail(done.error());
        actors::read<std::optional<Stored>>(
            self, self->state.shared->context.reads,
            [id = self->state.id](const storage::Store& store) {
              return read_tournament(store, id);
            },
            [self, fail](Result<std::optional<Stored>> stored) {
              if (!stored.ok()) return fail(stored.error());
              auto& s = self->state;
              if (*stored) {
                s.steps = (*stored)->steps;
                s.now = std::make_shared<const Tournament>(std::move((*stored)->tournament));
              }
              go_on(self);
            });
      });
}

/// Writes, and is `next` then.
void become(Self self, Promise promise, TournamentPtr next, storage::Batch batch,
            std::uint32_t steps) {
  auto& state = self->state;
  state.busy = true;
  actors::persist(self, state.shared->context.writer, std::move(batch),
                  [self, promise, next = std::move(next), steps](const auto& done) {
                    if (done.ok()) {
                      self->state.now = next;
                      self->state.steps = steps;
                      answer(promise, next);
                    } else {
                      refuse(promise, done.error());
                    }
                    go_on(self);
                  });
}

/// For whoever reads the journal.
storage::Event finished_event(const Tournament& tournament) {
  boost::json::array places;
  if (const auto* bracket = tournament.bracket()) {
    const auto all = bracket->places();
    for (std::size_t i = 0; i < all.size(); ++i)
      places.push_back({{"player", tournament.entrants()[i]}, {"place", all[i]}});
  } else if (const auto* play = tournament.round_robin()) {
    for (const auto& row : play->standings())
      places.push_back({{"player", tournament.entrants()[row.seed]}, {"place", row.rank}});
  }
  const auto& id = tournament.definition().id;
  return {"tournament/" + id, "troupe.tournament.finished.v1",
          boost::json::serialize(boost::json::object{{"id", id}, {"places", std::move(places)}})};
}

void take(Self self, Promise promise, const Step& step) {
  auto& state = self->state;
  if (!state.now) return refuse(promise, error(ErrorCode::not_found, "no such tournament"));
  auto next = std::make_shared<Tournament>(*state.now);
  if (auto done = next->apply(step); !done.ok()) return refuse(promise, done.error());
  storage::Batch batch;
  put_step(batch, state.id, state.steps, step);
  if (next->phase() == Phase::finished && state.now->phase() != Phase::finished)
    batch.append(finished_event(*next));
  become(self, promise, std::move(next), std::move(batch), state.steps + 1);
}

void open(Self self, Promise promise, const Definition& wanted) {
  auto& state = self->state;
  if (state.now) return answer(promise, state.now);
  storage::Batch batch;
  put_definition(batch, wanted);
  become(self, promise, std::make_shared<const Tournament>(wanted), std::move(batch), 0);
}

using Seeds = std::vector<std::string>;

/// The best first; equal ones as they entered.
Result<Seeds> seed(const storage::Store& store, const Tournament& tournament,
                   ratings::System system) {
  std::vector<std::pair<std::int64_t, std::string>> rated;
  for (const auto& player : tournament.entrants()) {
    const auto rating = ratings::read_rating(store, player, tournament.definition().mode, system);
    if (!rating.ok()) return rating.error();
    rated.emplace_back(-ratings::points(system, *rating), player);
  }
  std::ranges::stable_sort(rated, {}, [](const auto& one) { return one.first; });
  Seeds out;
  for (auto& one : rated) out.push_back(std::move(one.second));
  return out;
}

void start(Self self, Promise promise) {
  auto& state = self->state;
  if (!state.now) return refuse(promise, error(ErrorCode::not_found, "no such tournament"));
  state.busy = true;  // nobody enters between reading and starting
  actors::read<Seeds>(
      self, state.shared->context.reads,
      [tournament = state.now, system = state.shared->options.system](const storage::Store& store) {
        return seed(store, *tournament, system);
      },
      [self, promise](Result<Seeds> seeds) {
        self->state.busy = false;
        if (seeds.ok())
          take(self, promise, Started{std::move(*seeds)});
        else
          refuse(promise, seeds.error());
        if (!self->state.busy) go_on(self);
      });
}

/// The match may be there already: opening it again does nothing.
void open_match(Self self, PlayPromise promise, const std::string& id) {
  auto& shared = *self->state.shared;
  match::MatchInfo wanted;
  wanted.id = id;
  wanted.owner = "@tournament";
  wanted.created_ms = shared.context.now_ms();
  wanted.max_players = 2;
  wanted.rules.time_limit_ticks = shared.options.time_limit_ticks;
  self->request(shared.context.entities.router(match::kMatchKind, id), kOpenTimeout,
                actors::route_atom::value, id, caf::make_message(match::open_atom::value, wanted))
      .then([promise, id](const match::InfoPtr&) { answer(promise, id); },
            [promise](caf::error& e) { answer(promise, std::move(e)); });
}

void play(Self self, PlayPromise promise, const Play& wanted) {
  auto& state = self->state;
  if (!state.now) return refuse(promise, error(ErrorCode::not_found, "no such tournament"));
  const auto both = state.now->opponents(wanted.place);
  if (!both.ok()) return refuse(promise, both.error());
  if (!wanted.by.empty() && wanted.by != both->first && wanted.by != both->second)
    return refuse(promise, error(ErrorCode::forbidden, "the pairing is of others"));
  const auto known = state.now->match(wanted.place);
  if (!known.empty() && !wanted.again) return open_match(self, promise, known);
  const Paired step{wanted.place, make_id_string()};
  auto next = std::make_shared<Tournament>(*state.now);
  [[maybe_unused]] const auto fits = next->apply(step);
  assert(fits.ok());
  storage::Batch batch;
  put_step(batch, state.id, state.steps, step);
  put_link(batch, step.match, {state.id, step.place});
  const auto& mode = state.now->definition().mode;
  ratings::put_made(batch, step.match,
                    {mode.empty() ? "tournament" : mode,
                     {{both->first}, {both->second}},
                     state.shared->context.now_ms()});
  state.busy = true;
  actors::persist(self, state.shared->context.writer, std::move(batch),
                  [self, promise, next, id = step.match](const auto& done) {
                    if (done.ok()) {
                      self->state.now = next;
                      ++self->state.steps;
                      open_match(self, promise, id);
                    } else {
                      refuse(promise, done.error());
                    }
                    go_on(self);
                  });
}

}  // namespace

TournamentActor::behavior_type tournament_actor(Self self, std::shared_ptr<TournamentShared> shared,
                                                std::string id) {
  self->state.shared = std::move(shared);
  self->state.id = std::move(id);
  load(self);
  return {
      [self](open_atom, const Definition& wanted) {
        return in_turn<Promise>(self, self->make_response_promise<TournamentPtr>(),
                                [self, wanted](Promise promise) { open(self, promise, wanted); });
      },
      [self](show_atom) {
        return in_turn<Promise>(
            self, self->make_response_promise<TournamentPtr>(), [self](Promise promise) {
              if (self->state.now) return answer(promise, self->state.now);
              refuse(promise, error(ErrorCode::not_found, "no such tournament"));
            });
      },
      [self](step_atom, const Step& step) {
        return in_turn<Promise>(self, self->make_response_promise<TournamentPtr>(),
                                [self, step](Promise promise) { take(self, promise, step); });
      },
      [self](start_atom) {
        return in_turn<Promise>(self, self->make_response_promise<TournamentPtr>(),
                                [self](Promise promise) { start(self, promise); });
      },
      [self](play_atom, const Play& wanted) {
        return in_turn<PlayPromise>(
            self, self->make_response_promise<std::string>(),
            [self, wanted](PlayPromise promise) { play(self, promise, wanted); });
      },
      [self](actors::passivate_atom) {
        self->state.leaving = true;
        if (!self->state.busy) self->quit();
      },
  };
}

void add_tournament(actors::Context& context, const TournamentOptions& options) {
  const auto shared = std::make_shared<TournamentShared>(TournamentShared{context, options});
  actors::EntityKind kind;
  kind.name = kTournamentKind;
  kind.max_active = 10'000;
  kind.activate = [shared](caf::actor_system& actors, const std::string& id) {
    return caf::actor_cast<caf::actor>(actors.spawn(tournament_actor, shared, id));
  };
  context.entities.add_kind(std::move(kind));
  auto start = [&context](caf::actor_system& actors) {
    return actors.spawn(results_actor, &context);
  };
  if (context.supervision == nullptr)
    start(context.system);
  else
    context.supervision->add(kTournamentKind, {.id = "results", .start = std::move(start)});
}

}  // namespace troupe::tournament

#include "actors/tournament/tournament_actor.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <spdlog/spdlog.h>

#include "actors/ratings/rating_store.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "actors/tournament/tournament_store.hpp"

namespace troupe::tournament {
namespace {

using Self = TournamentActor::stateful_pointer<TournamentState>;
using Promise = caf::typed_response_promise<TournamentPtr>;

constexpr std::size_t kMaxWaiting = 4'096;

/// Returns nothing, so that handlers can end with `return answer(…)`.
template <class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}
void refuse(Promise promise, const Error& why) {
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
Promise in_turn(Self self, std::function<void(Promise)> work) {
  auto& state = self->state;
  Promise promise = self->make_response_promise<TournamentPtr>();
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
      [tournament = state.now, system = state.shared->system](const storage::Store& store) {
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

}  // namespace

TournamentActor::behavior_type tournament_actor(Self self, std::shared_ptr<TournamentShared> shared,
                                                std::string id) {
  self->state.shared = std::move(shared);
  self->state.id = std::move(id);
  load(self);
  return {
      [self](open_atom, const Definition& wanted) {
        return in_turn(self, [self, wanted](Promise promise) { open(self, promise, wanted); });
      },
      [self](show_atom) {
        return in_turn(self, [self](Promise promise) {
          if (self->state.now) return answer(promise, self->state.now);
          refuse(promise, error(ErrorCode::not_found, "no such tournament"));
        });
      },
      [self](step_atom, const Step& step) {
        return in_turn(self, [self, step](Promise promise) { take(self, promise, step); });
      },
      [self](start_atom) {
        return in_turn(self, [self](Promise promise) { start(self, promise); });
      },
      [self](actors::passivate_atom) {
        self->state.leaving = true;
        if (!self->state.busy) self->quit();
      },
  };
}

void add_tournament(actors::Context& context, ratings::System system) {
  const auto shared = std::make_shared<TournamentShared>(TournamentShared{context, system});
  actors::EntityKind kind;
  kind.name = kTournamentKind;
  kind.max_active = 10'000;
  kind.activate = [shared](caf::actor_system& actors, const std::string& id) {
    return caf::actor_cast<caf::actor>(actors.spawn(tournament_actor, shared, id));
  };
  context.entities.add_kind(std::move(kind));
}

}  // namespace troupe::tournament

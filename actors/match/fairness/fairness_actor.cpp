#include "actors/match/fairness/fairness_actor.hpp"

#include <boost/json.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "base/ids.hpp"
#include "base/metrics.hpp"

namespace troupe::fairness {
namespace {

namespace json = boost::json;
using Self = FairnessActor::stateful_pointer<FairnessState>;
using Promise = caf::typed_response_promise<DossierPtr>;

constexpr std::size_t kMaxEarly = 64;
/// Tallies of so many reports may be lost with the server: about a minute.
constexpr std::uint32_t kSaveEvery = 6;

template <class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}

DossierPtr copy(const FairnessState& state) {
  return std::make_shared<const Dossier>(state.dossier);
}

void load(Self self) {
  auto& state = self->state;
  actors::read<Dossier>(
      self, state.shared->context.reads,
      [player = state.player](const storage::Store& store) { return read_dossier(store, player); },
      [self](Result<Dossier> found) {
        auto& s = self->state;
        if (!found.ok()) {
          spdlog::error("fairness of {}: {}", s.player, found.error().detail);
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        s.dossier = std::move(*found);
        s.loaded = true;
        for (auto& request : std::exchange(s.early, {})) request();
      });
}

/// A step that could not be written down was not taken: what is on disk is what counts.
void forget_unwritten(Self self) {
  self->state.loaded = false;
  load(self);
}

void when_loaded(Self self, std::function<void()> work) {
  auto& state = self->state;
  if (state.loaded) return work();
  if (state.early.size() < kMaxEarly) state.early.push_back(std::move(work));
}

storage::Event action_event(const FairnessState& state, Action action, const std::string& by,
                            const std::string& reason) {
  const auto& standing = state.dossier.standing;
  return {"fairness/" + state.player, "troupe.fairness.action.v1",
          json::serialize(json::object{{"player", state.player},
                                       {"action", to_string(action)},
                                       {"by", by},
                                       {"reason", reason},
                                       {"strikes", standing.strikes},
                                       {"shadow", standing.shadow},
                                       {"barred_until_ms", standing.barred_until_ms}})};
}

storage::Event flag_event(const Flag& flag) {
  return {"fairness/" + flag.player, "troupe.fairness.flagged.v1",
          json::serialize(json::object{{"id", flag.id},
                                       {"player", flag.player},
                                       {"suspicion", to_string(flag.finding.suspicion)},
                                       {"of", flag.finding.share.of},
                                       {"all", flag.finding.share.all},
                                       {"lower", flag.finding.lower},
                                       {"limit", flag.finding.limit}})};
}

/// What of an action is to be done beside writing it down, once it is.
void carry_out(const FairnessState& state, Action action) {
  state.shared->context.metrics
      .counter("troupe_fairness_actions_total", "Steps of the ladder that were taken",
               {{"action", std::string(to_string(action))}})
      .Increment();
  if ((action == Action::kick || action == Action::ban) && !state.match.empty())
    state.shared->kick(state.match, state.player);
}

void save(Self self, storage::Batch batch, std::function<void(const Result<void>&)> then) {
  auto& state = self->state;
  put_dossier(batch, state.player, state.dossier);
  state.unsaved = 0;
  actors::persist(self, state.shared->context.writer, std::move(batch),
                  [self, then = std::move(then)](const Result<storage::Committed>& done) {
                    if (done.ok()) return then({});
                    spdlog::warn("fairness of {}: {}", self->state.player, done.error().detail);
                    then(done.error());
                  });
}

/// A strike, and the step that it leads to. Into `batch`.
Action strike(FairnessState& state, const Finding& finding, storage::Batch& batch) {
  auto& shared = *state.shared;
  auto& dossier = state.dossier;
  Flag flag{make_id_string(),
            state.player,
            shared.context.now_ms(),
            finding,
            next_action(dossier.standing, shared.options.ladder),
            {}};
  for (const auto& one : dossier.conduct.evidence) {
    if (one.suspicion == finding.suspicion) flag.evidence.push_back(one);
  }
  ++dossier.standing.strikes;
  dossier.standing = apply(dossier.standing, flag.action, shared.options.ladder, flag.at_ms);
  acquit(dossier.conduct, finding.suspicion);
  put_flag(batch, flag);
  batch.append(flag_event(flag));
  batch.append(action_event(state, flag.action, "",
                            std::string(to_string(finding.suspicion)) + ", flag " + flag.id));
  shared.context.metrics
      .counter("troupe_fairness_flags_total", "Findings about players",
               {{"suspicion", std::string(to_string(finding.suspicion))}})
      .Increment();
  spdlog::warn("fairness: {} is flagged for {}: {:.0f} of {:.0f}, at least {:.2f}, limit {:.2f}",
               state.player, to_string(finding.suspicion), finding.share.of, finding.share.all,
               finding.lower, finding.limit);
  return flag.action;
}

void report(Self self, const ReportPtr& in) {
  auto& state = self->state;
  auto& shared = *state.shared;
  state.match = in->match;
  if (barred(state.dossier.standing, shared.context.now_ms())) shared.kick(in->match, state.player);
  fold(state.dossier.conduct, *in, shared.options.thresholds);
  const auto findings =
      judge(state.dossier.conduct, shared.population.get(), shared.options.thresholds);
  shared.population.add(*in);
  if (findings.empty()) {
    if (in->used == 0 && in->invalid == 0) return;
    if (++state.unsaved >= kSaveEvery) save(self, {}, [](const auto&) {});
    return;
  }
  storage::Batch batch;
  std::vector<Action> taken;
  for (const auto& finding : findings) taken.push_back(strike(state, finding, batch));
  save(self, std::move(batch), [self, taken](const Result<void>& done) {
    if (!done.ok()) return forget_unwritten(self);
    for (const auto action : taken) carry_out(self->state, action);
  });
}

Promise act(Self self, const Order& order) {
  auto promise = self->make_response_promise<DossierPtr>();
  when_loaded(self, [self, order, promise] {
    auto& state = self->state;
    const auto& ladder = state.shared->options.ladder;
    state.dossier.standing =
        apply(state.dossier.standing, order.action, ladder, state.shared->context.now_ms());
    if (order.action == Action::clear) state.dossier.conduct = {};
    storage::Batch batch;
    batch.append(action_event(state, order.action, order.by, order.reason));
    save(self, std::move(batch), [self, order, promise](const Result<void>& done) {
      if (!done.ok()) {
        forget_unwritten(self);
        return answer(promise, actors::to_caf(done.error()));
      }
      carry_out(self->state, order.action);
      answer(promise, copy(self->state));
    });
  });
  return promise;
}

Promise look(Self self) {
  auto promise = self->make_response_promise<DossierPtr>();
  when_loaded(self, [self, promise] { answer(promise, copy(self->state)); });
  return promise;
}

void passivate(Self self) {
  if (self->state.unsaved == 0) return self->quit();
  save(self, {}, [self](const auto&) { self->quit(); });
}

}  // namespace

Population SharedPopulation::get() const {
  const std::lock_guard lock(mutex_);
  return population_;
}

void SharedPopulation::add(const Report& report) {
  /// Beyond it half is forgotten: what counts is how people play these days.
  constexpr double kMost = 200'000;
  const std::lock_guard lock(mutex_);
  auto& accuracy = population_.accuracy;
  for (const auto& notice : report.notices) {
    if (notice.what != game::Notice::What::shot) continue;
    accuracy.all += 1;
    accuracy.of += notice.value != 0 ? 1 : 0;
  }
  if (accuracy.all > kMost) accuracy = {accuracy.of / 2, accuracy.all / 2};
}

FairnessActor::behavior_type fairness_actor(Self self, std::shared_ptr<FairnessShared> shared,
                                            std::string player) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.player = std::move(player);
  load(self);
  return {
      [self](report_atom, const ReportPtr& in) {
        when_loaded(self, [self, in] { report(self, in); });
      },
      [self](act_atom, const Order& order) { return act(self, order); },
      [self](look_atom) { return look(self); },
      [self](actors::passivate_atom) { passivate(self); },
  };
}

void add_fairness(const std::shared_ptr<FairnessShared>& shared) {
  actors::EntityKind kind;
  kind.name = kFairnessKind;
  kind.max_active = 100'000;
  kind.idle_after = std::chrono::seconds(60);
  kind.activate = [shared](caf::actor_system& system, const std::string& player) {
    return caf::actor_cast<caf::actor>(system.spawn(fairness_actor, shared, player));
  };
  shared->context.entities.add_kind(std::move(kind));
}

}  // namespace troupe::fairness

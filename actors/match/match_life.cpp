#include "actors/match/match_life.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/match/match_fairness.hpp"
#include "actors/match/match_log.hpp"
#include "actors/match/replay.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "base/ids.hpp"
#include "game/registry.hpp"

namespace troupe::match {
namespace {

using Seat = MatchState::Seat;
constexpr std::size_t kMaxEarly = 256;
constexpr std::chrono::seconds kFinishAgain{1};

template <class Promise, class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}

InfoPtr info(const MatchState& state) {
  auto out = state.at.info;
  out.players = static_cast<int>(state.at.places.size());
  out.connected = connected(state);
  out.tick = state.at.state->tick();
  for (const auto& [player, slot] : state.at.places) {
    const auto at = static_cast<std::size_t>(slot);
    out.roster.push_back({slot, player, state.seats[at].session != 0, state.at.state->score(slot)});
  }
  return std::make_shared<const MatchInfo>(std::move(out));
}

storage::Batch checkpoint_batch(const MatchState& state) {
  storage::Batch batch;
  batch.put(storage::Family::match, match_key(state.at.info.id), encode_checkpoint(state.at));
  return batch;
}

/// Comes after all ticks that were logged before.
void persist(Self self, storage::Batch batch,
             std::function<void(const Result<storage::Committed>&)> then) {
  auto& shared = *self->state.shared;
  shared.log.flush();
  actors::persist(self, shared.context.writer, std::move(batch), std::move(then));
}

/// Those whose places are in the checkpoint that was just written, or was not.
void settle_places(Self self, const std::vector<SessionId>& sessions, bool written) {
  auto& state = self->state;
  for (const auto& [player, slot] : state.at.places) {
    auto& seat = state.seats[static_cast<std::size_t>(slot)];
    if (seat.session == 0 || std::ranges::find(sessions, seat.session) == sessions.end()) continue;
    if (written) {
      welcome(self, seat, slot);
    } else {
      state.shared->output.goodbye(seat.session, game::Goodbye::going_away);
    }
  }
}

void begin(Self self) {
  self->state.loaded = true;
  for (auto& request : std::exchange(self->state.early, {})) request();
}

/// What an activation before this one left: its result, or the ticks after its last checkpoint.
Result<Checkpoint> find_last(const storage::Store& store, Checkpoint at) {
  const auto bytes = store.get(storage::Family::match, result_key(at.info.id));
  if (!bytes.ok()) return bytes.error();
  if (*bytes) {
    auto ended = decode_checkpoint(**bytes);
    if (!ended) return error(ErrorCode::corrupt, "its result does not verify");
    return std::move(*ended);
  }
  auto last = at;
  const auto played = play_on(store, last);
  if (played.ok()) return last;
  if (played.error().code != ErrorCode::corrupt) return played.error();
  spdlog::error("match {}: goes on from its checkpoint: {}", at.info.id, played.error().detail);
  return at;
}

/// The writer keeps its order: what an activation before this one had handed over is on disk by
/// now, were it the result or the last ticks, which we did not see when we read.
void resume(Self self) {
  actors::read<Checkpoint>(
      self, self->state.shared->context.reads,
      [at = self->state.at](const storage::Store& store) { return find_last(store, at); },
      [self](Result<Checkpoint> found) {
        auto& state = self->state;
        if (!found.ok()) {
          spdlog::error("match {}: {}", state.at.info.id, found.error().detail);
          return self->quit(caf::exit_reason::unhandled_exception);
        }
        const auto from = state.at.state->tick();
        state.at = std::move(*found);
        if (state.at.info.ended_ms != 0) {
          return persist(self, checkpoint_batch(state), [self](const auto&) { begin(self); });
        }
        if (state.at.state->tick() != from) {
          spdlog::info("match {}: resumed at tick {}, {} after its checkpoint", state.at.info.id,
                       state.at.state->tick(), state.at.state->tick() - from);
        }
        for (const auto& [player, slot] : state.at.places) {
          auto& seat = state.seats[static_cast<std::size_t>(slot)];
          seat.player = player;
          seat.gone_since_ms = state.shared->context.now_ms();
        }
        begin(self);
      });
}

void on_loaded(Self self, Result<std::optional<std::string>> bytes) {
  auto& state = self->state;
  if (bytes.ok() && *bytes) {
    auto found = decode_checkpoint(**bytes);
    if (!found) bytes = error(ErrorCode::corrupt, "the match does not verify");
    if (found) {
      state.at = std::move(*found);
      state.exists = true;
      ++state.at.epoch;  // ticks since the checkpoint happened in another history
      if (state.at.info.ended_ms != 0) return begin(self);
    }
  }
  if (!bytes.ok()) {
    spdlog::error("match {}: {}", state.at.info.id, bytes.error().detail);
    self->quit(caf::exit_reason::unhandled_exception);
    return;
  }
  if (!state.exists) return begin(self);
  // The new epoch is written down before anybody plays in it: two crashes in a row must not give it
  // to two histories.
  persist(self, checkpoint_batch(state), [self](const auto& done) {
    if (done.ok()) return resume(self);
    spdlog::error("match {}: {}", self->state.at.info.id, done.error().detail);
    self->quit(caf::exit_reason::unhandled_exception);
  });
}

/// For analytics, ratings and whoever else reads the journal.
storage::Event ended_event(const MatchInfo& info) {
  boost::json::array result;
  for (const auto& row : info.result)
    result.push_back({{"player", row.player}, {"place", row.place}, {"score", row.score}});
  return {"match/" + info.id, "troupe.match.ended.v1",
          boost::json::serialize(boost::json::object{{"id", info.id},
                                                     {"owner", info.owner},
                                                     {"game", info.game},
                                                     {"ended_ms", info.ended_ms},
                                                     {"result", std::move(result)}})};
}

void tell_result(MatchState& state) {
  auto& output = state.shared->output;
  for (const auto& seat : state.seats) {
    if (seat.session == 0) continue;
    output.ended(seat.session, state.at.info.result);
    output.goodbye(seat.session, game::Goodbye::match_over);
  }
  if (state.shared->spectators != nullptr)
    state.shared->spectators->ended(state.at.info.id, state.at.info.result);
}

/// Why there can be no such match.
std::optional<Error> refuse(const MatchInfo& wanted) {
  const auto* game = game::find_game(wanted.game);
  if (game == nullptr)
    return error(ErrorCode::invalid_argument, "game: there is no '" + wanted.game + "'");
  const auto limits = game->limits();
  if (wanted.max_players >= limits.least_players && wanted.max_players <= limits.most_players)
    return std::nullopt;
  return error(ErrorCode::invalid_argument, "max_players: '" + wanted.game + "' has " +
                                                std::to_string(limits.least_players) + " to " +
                                                std::to_string(limits.most_players));
}

}  // namespace

int connected(const MatchState& state) {
  return static_cast<int>(std::count_if(state.seats.begin(), state.seats.end(),
                                        [](const Seat& s) { return s.session != 0; }));
}

void welcome(Self self, MatchState::Seat& seat, int slot) {
  auto& shared = *self->state.shared;
  seat.welcome = true;
  const auto& info = self->state.at.info;
  shared.output.welcome(seat.session, {slot, shared.options.tick_hz, info.id, info.game});
}

void checkpoint(Self self) {
  auto& state = self->state;
  if (state.persisting || state.ending) return;
  state.persisting = true;
  auto batch = checkpoint_batch(state);
  trim_log(state, batch);
  persist(self, std::move(batch),
          [self, waiting = std::exchange(state.to_welcome, {}),
           saved = state.unsaved](const auto& done) {
            auto& s = self->state;
            s.persisting = false;
            if (done.ok()) {
              for (const auto& player : saved) s.unsaved.erase(player);
            } else {
              spdlog::warn("match {}: no checkpoint: {}", s.at.info.id, done.error().detail);
            }
            settle_places(self, waiting, done.ok());
            if (!s.to_welcome.empty()) checkpoint(self);
          });
}

void start_ticking(Self self) {
  auto& state = self->state;
  if (state.ticker_token != 0 || state.ending) return;
  state.inputs = state.shared->inputs->open(state.at.info.id);
  state.ticker_token = state.shared->ticker.subscribe(caf::actor_cast<caf::actor>(self));
  if (state.shared->options.places)
    state.at.info.host = state.shared->options.places->playing(state.at.info);
}

void rest(const MatchState& state) {
  if (state.shared->options.places) state.shared->options.places->rest(state.at.info.id);
}

void stop_ticking(MatchState& state) {
  if (state.ticker_token == 0) return;
  report_conduct(state);
  state.inputs.reset();
  state.shared->ticker.unsubscribe(std::exchange(state.ticker_token, 0));
  rest(state);
}

void load(Self self) {
  auto& state = self->state;
  actors::read<std::optional<std::string>>(
      self, state.shared->context.reads,
      [id = state.at.info.id](const storage::Store& store) {
        return store.get(storage::Family::match, match_key(id));
      },
      [self](Result<std::optional<std::string>> bytes) { on_loaded(self, std::move(bytes)); });
}

void when_loaded(Self self, std::function<void()> work) {
  auto& state = self->state;
  if (state.loaded) return work();
  if (state.early.size() < kMaxEarly) state.early.push_back(std::move(work));
}

/// The result and its event are one batch. A crash while that is on its way is told apart in
/// find_last.
void finish(Self self) {
  auto& state = self->state;
  if (state.at.info.ended_ms != 0) return;
  state.ending = true;
  stop_ticking(state);
  auto end = state.at;
  end.info.ended_ms = state.shared->context.now_ms();
  end.info.result = rank(*end.state, end.places);
  storage::Batch batch;
  const auto record = encode_checkpoint(end);
  batch.put(storage::Family::match, match_key(end.info.id), record);
  batch.put(storage::Family::match, result_key(end.info.id), record);
  batch.put(storage::Family::match, ended_log_key(end.info.ended_ms, end.info.id), "");
  batch.append(ended_event(end.info));
  persist(self, std::move(batch), [self, end](const auto& done) {
    auto& s = self->state;
    if (!done.ok()) {
      spdlog::warn("match {}: no result: {}", s.at.info.id, done.error().detail);
      return self->delayed_send(self, kFinishAgain, finish_atom::value);
    }
    s.at.info = end.info;
    s.shared->ended.Increment();
    tell_result(s);
    collect_ended_logs(self);
  });
}

InfoPromise open(Self self, const MatchInfo& wanted) {
  InfoPromise promise = self->make_response_promise<InfoPtr>();
  when_loaded(self, [self, wanted, promise] {
    auto& state = self->state;
    if (state.exists) return answer(promise, info(state));
    if (auto refused = refuse(wanted)) return answer(promise, actors::to_caf(*refused));
    auto begun = wanted;
    begun.tick_hz = state.shared->options.tick_hz;
    if (state.shared->options.places) {
      auto host = state.shared->options.places->place(wanted);
      if (!host.ok()) return answer(promise, actors::to_caf(host.error()));
      begun.host = std::move(*host);
    }
    state.at = first_checkpoint(std::move(begun));
    state.at.epoch = 1;
    auto batch = checkpoint_batch(state);
    batch.append({"match/" + wanted.id, "troupe.match.opened.v1",
                  boost::json::serialize(boost::json::object{
                      {"id", wanted.id}, {"owner", wanted.owner}, {"game", wanted.game}})});
    persist(self, std::move(batch), [self, promise](const auto& done) {
      if (!done.ok()) return answer(promise, actors::to_caf(done.error()));
      self->state.exists = true;
      answer(promise, info(self->state));
    });
  });
  return promise;
}

InfoPromise describe(Self self) {
  InfoPromise promise = self->make_response_promise<InfoPtr>();
  when_loaded(self, [self, promise] {
    if (!self->state.exists)
      return answer(promise, actors::to_caf(error(ErrorCode::not_found, "no such match")));
    answer(promise, info(self->state));
  });
  return promise;
}

void passivate(Self self) {
  auto& state = self->state;
  stop_ticking(state);
  rest(state);  // also after a crash, of which the fleet did not hear
  if (!state.exists || state.ending || state.at.info.ended_ms != 0) return self->quit();
  for (auto& seat : state.seats) {
    if (seat.session != 0) state.shared->output.goodbye(seat.session, game::Goodbye::going_away);
  }
  persist(self, checkpoint_batch(state), [self](const auto&) { self->quit(); });
}

}  // namespace troupe::match

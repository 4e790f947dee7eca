#include "actors/match/match_actor.hpp"

#include <algorithm>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include "actors/match/match_fairness.hpp"
#include "actors/match/match_life.hpp"
#include "actors/match/match_log.hpp"
#include "actors/match/match_send.hpp"
#include "base/metrics.hpp"

namespace troupe::match {
namespace {

using Self = MatchActor::stateful_pointer<MatchState>;
using Seat = MatchState::Seat;

constexpr std::size_t kMaxPending =
    8;  ///< commands of one client that wait; older ones are dropped

/// Ticks between looks at who is gone for good.
constexpr std::uint32_t kTidyEvery = 30;

const std::vector<double>& tick_buckets() {
  static const std::vector<double> buckets{0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003,
                                           0.004,   0.005,  0.0075, 0.01,   0.02,  0.033, 0.1};
  return buckets;
}

// --- coming and going ---

int free_slot(const MatchState& state) {
  for (int slot = 0; slot < state.at.info.max_players; ++slot) {
    if (!state.at.state->taken(slot)) return slot;
  }
  return -1;
}

Seat* seat_of(MatchState& state, const Client& client) {
  const auto place = state.at.places.find(client.player);
  if (place == state.at.places.end()) return nullptr;
  auto& seat = state.seats[static_cast<std::size_t>(place->second)];
  return seat.session == client.session ? &seat : nullptr;
}

/// Frees the places of those who did not come back in time.
void expire_places(MatchState& state, std::uint64_t now_ms) {
  const auto grace = static_cast<std::uint64_t>(state.shared->options.rejoin_grace_s) * 1000;
  for (auto it = state.at.places.begin(); it != state.at.places.end();) {
    auto& seat = state.seats[static_cast<std::size_t>(it->second)];
    if (seat.session != 0 || now_ms < seat.gone_since_ms + grace ||
        state.at.state->keeps(it->second)) {
      ++it;
      continue;
    }
    state.at.state->leave(it->second);
    state.at.pending.push_back({false, static_cast<std::uint8_t>(it->second), it->first});
    state.unsaved.erase(it->first);
    report_conduct(state, static_cast<std::size_t>(it->second));
    seat = {};
    it = state.at.places.erase(it);
  }
}

void enter(Self self, const Client& client) {
  auto& state = self->state;
  auto& output = state.shared->output;
  if (!state.exists) return output.goodbye(client.session, game::Goodbye::match_gone);
  if (state.at.info.ended_ms != 0) {
    output.ended(client.session, state.at.info.result);
    return output.goodbye(client.session, game::Goodbye::match_over);
  }
  auto place = state.at.places.find(client.player);
  if (place == state.at.places.end()) {
    expire_places(
        state, state.shared->context.now_ms());  // a match that stands still has no tick to do it
    const int slot = free_slot(state);
    if (slot < 0) return output.goodbye(client.session, game::Goodbye::match_full);
    place = state.at.places.emplace(client.player, slot).first;
    state.at.state->enter(slot);
    state.at.sequences[static_cast<std::size_t>(slot)] = 0;
    state.at.pending.push_back({true, static_cast<std::uint8_t>(slot), client.player});
    state.unsaved.insert(client.player);
  }
  auto& seat = state.seats[static_cast<std::size_t>(place->second)];
  if (seat.session != client.session) {
    if (seat.session != 0) output.goodbye(seat.session, game::Goodbye::replaced);
    seat = {.session = client.session,
            .player = client.player,
            .conduct = std::move(seat.conduct)};  // who comes anew is no other
    announce(state, place->second);
    // A client that was here before goes on counting.
    if (!client.resumed) state.at.sequences[static_cast<std::size_t>(place->second)] = 0;
  }
  // A place is promised only once it is on disk.
  if (state.unsaved.contains(client.player)) {
    state.to_welcome.push_back(client.session);
    checkpoint(self);
  } else {
    welcome(self, seat, place->second);
  }
  start_ticking(self);
}

void leave(Self self, const Client& client) {
  auto& state = self->state;
  if (auto* seat = seat_of(state, client)) {
    seat->session = 0;
    seat->pending.clear();
    seat->gone_since_ms = state.shared->context.now_ms();
    seat->gone = client.session;
  }
}

/// Whether commands are numbered by one who had sent `newest`, and not anew.
bool counts_on(std::uint32_t newest, const Input& in) {
  constexpr std::uint32_t kNear = 256;  ///< more than a client sends before it hears of a restart
  return in.commands.empty() || in.commands.back().sequence + kNear > newest;
}

void input(Self self, const InputPtr& in) {
  auto& state = self->state;
  if (!state.exists) return;
  auto* seat = seat_of(state, in->from);
  if (seat == nullptr) {
    const auto place = state.at.places.find(in->from.player);
    if (place == state.at.places.end()) return;
    const auto& free = state.seats[static_cast<std::size_t>(place->second)];
    if (free.session != 0 || free.gone == in->from.session) return;
    // This match was restarted and the client's session outlived it, and goes on counting.
    auto client = in->from;
    client.resumed = counts_on(state.at.sequences[static_cast<std::size_t>(place->second)], *in);
    enter(self, client);
    seat = seat_of(state, in->from);
    if (seat == nullptr) return;
  }
  acknowledged(state, *seat, *in);
  const auto slot = static_cast<std::size_t>(seat - state.seats.data());
  if (!counts_on(state.at.sequences[slot], *in)) state.at.sequences[slot] = 0;
  for (const auto& numbered : in->commands) {
    const auto newest =
        seat->pending.empty() ? state.at.sequences[slot] : seat->pending.back().sequence;
    if (numbered.sequence <= newest) continue;  // repeated
    const auto command = state.at.game->verify(numbered.command.view());
    if (!command) {
      state.shared->bad_commands.Increment();
      ++seat->conduct.invalid;
      continue;
    }
    if (seat->pending.size() >= kMaxPending) {
      seat->pending.pop_front();
      state.shared->dropped_inputs.Increment();
      ++seat->conduct.dropped;
    }
    seat->pending.push_back({numbered.sequence, *command});
  }
}

// --- the tick ---

std::vector<LoggedCommand> take_commands(MatchState& state) {
  std::vector<LoggedCommand> commands;
  for (std::size_t slot = 0; slot < state.seats.size(); ++slot) {
    auto& seat = state.seats[slot];
    if (seat.pending.empty()) continue;
    commands.push_back({static_cast<std::uint8_t>(slot), seat.pending.front().sequence,
                        seat.pending.front().command});
    seat.pending.pop_front();
  }
  return commands;
}

void screen(MatchState& state) {
  const auto& options = state.shared->options;
  const auto delay_ticks = options.spectator_delay_ms * options.tick_hz / 1'000;
  state.screening.tick(state.at.info.id, *state.at.game, *state.at.state,
                       static_cast<std::uint32_t>(delay_ticks), *state.shared->spectators);
}

void tick(Self self, std::uint64_t due_ns) {
  auto& state = self->state;
  auto& shared = *state.shared;
  const auto began = std::chrono::steady_clock::now();
  shared.ticker.done(state.ticker_token);
  if (!state.exists || state.ending || state.ticker_token == 0) return;
  shared.late_seconds.Observe(
      static_cast<double>(began.time_since_epoch().count() - static_cast<std::int64_t>(due_ns)) /
      1e9);
  state.inputs->take(state.taken);
  for (const auto& in : state.taken) input(self, in);
  LoggedTick next{std::exchange(state.at.pending, {}), take_commands(state)};
  play(state.at, next, next.events.size());
  watch_tick(state, next);
  auto held = std::make_shared<HeldTick>(shared.output);
  send_snapshots(state, *held);
  if (shared.options.log) {
    log_tick(state, next, std::move(held));
  } else {
    held->show();
  }
  if (shared.spectators != nullptr) screen(state);
  if (is_over(state.at.info.rules, *state.at.state)) finish(self);
  const auto every = static_cast<std::uint32_t>(shared.options.checkpoint_ticks);
  if (state.at.state->tick() % kTidyEvery == 0 && !state.ending) {
    expire_places(state, shared.context.now_ms());
    if (connected(state) == 0) {
      stop_ticking(state);  // paused while everyone is gone
    } else {
      shared.context.entities.tell(kMatchKind, state.at.info.id,
                                   caf::make_message(awake_atom::value));
    }
  }
  if (state.at.state->tick() % every == 0 || state.ticker_token == 0) checkpoint(self);
  shared.compute_seconds.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

}  // namespace

MatchShared::MatchShared(actors::Context& context_in, Output& output_in, actors::Ticker& ticker_in,
                         MatchOptions options_in, Spectators* spectators_in)
    : context(context_in),
      output(output_in),
      ticker(ticker_in),
      options(options_in),
      spectators(spectators_in),
      late_seconds(context.metrics.histogram("troupe_match_tick_late_seconds",
                                             "From when a tick was due to its start",
                                             tick_buckets())),
      compute_seconds(context.metrics.histogram("troupe_match_tick_compute_seconds",
                                                "One tick: step, snapshots, hand-over",
                                                tick_buckets())),
      delta_bytes(context.metrics.counter("troupe_match_snapshot_bytes_total",
                                          "Bytes of snapshots sent, heads included")),
      deltas(context.metrics.counter("troupe_match_snapshots_total", "Snapshots sent")),
      full_bytes(context.metrics.counter(
          "troupe_match_snapshot_full_bytes_total",
          "Bytes that the same snapshots would have taken without a baseline")),
      tables_bytes(context.metrics.counter("troupe_match_tables_bytes_total",
                                           "Bytes of tables told to clients")),
      paced(context.metrics.counter("troupe_match_snapshots_paced_total",
                                    "Snapshots not sent to clients whose line is full")),
      dropped_inputs(context.metrics.counter("troupe_match_inputs_dropped_total",
                                             "Commands beyond a client's queue")),
      bad_commands(context.metrics.counter("troupe_match_bad_commands_total",
                                           "Commands that are none of the match's game")),
      unsafe_ticks(context.metrics.counter("troupe_match_unsafe_ticks_total",
                                           "Ticks shown before they were on disk")),
      log(context.writer, unsafe_ticks),
      mismatches(context.metrics.counter("troupe_match_state_mismatches_total",
                                         "Snapshots that left a client with another state")),
      ended(context.metrics.counter("troupe_match_ended_total", "Matches with a result")) {}

MatchActor::behavior_type match_actor(Self self, std::shared_ptr<MatchShared> shared,
                                      std::string id) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.at.info.id = id;
  load(self);
  return {
      [self](open_atom, const MatchInfo& wanted) { return open(self, wanted); },
      [self](info_atom) { return describe(self); },
      [self](enter_atom, const Client& client) {
        when_loaded(self, [self, client] { enter(self, client); });
      },
      [self](leave_atom, const Client& client) {
        when_loaded(self, [self, client] { leave(self, client); });
      },
      [self](kick_atom, const std::string& player) {
        when_loaded(self, [self, player] { kick(self->state, player); });
      },
      [self](input_atom, const InputPtr& in) {
        if (self->state.loaded) input(self, in);
      },
      [self](actors::tick_atom, std::uint64_t due_ns) { tick(self, due_ns); },
      [self](finish_atom) { finish(self); },
      [](awake_atom) {},
      [self](actors::passivate_atom) { passivate(self); },
  };
}

}  // namespace troupe::match

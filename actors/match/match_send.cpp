#include "actors/match/match_send.hpp"

#include <algorithm>
#include <bit>

#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

namespace troupe::match {
namespace {

using Seat = MatchState::Seat;

/// Tables are told again to who has not acknowledged them in so many ticks.
constexpr std::uint32_t kTellTablesEvery = 30;
/// How often it is counted what snapshots would have taken in full.
constexpr std::uint32_t kCountFullEvery = 16;

void tell_tables(MatchState& state, const Seat& seat) {
  const auto& newest = state.tables->newest();
  if (seat.replica.tables() == newest.version) return;
  state.shared->tables_bytes.Increment(static_cast<double>(newest.bytes.size()));
  state.shared->output.tables(seat.session, newest);
}

/// The client's state is not ours: from here on it gets nothing that builds on what it has. A
/// client cannot make work with it: one repair for each snapshot sent.
void repair(MatchState& state, Seat& seat, const Input::Mismatch& mismatch) {
  if (mismatch.tick <= seat.repaired_tick || mismatch.tick > state.at.state->tick()) return;
  state.shared->mismatches.Increment();
  const auto sent = seat.replica.sent(mismatch.tick);
  // One that wants to can say so each tick: the log has the first, the second, the fourth, …
  if (std::has_single_bit(++seat.mismatches))
    spdlog::warn("match {}: player {} has another state at tick {}: {:016x} there, {:016x} here",
                 state.at.info.id, seat.player, mismatch.tick, mismatch.hash,
                 sent ? state.at.game->hash(*sent) : 0);
  seat.replica.start_over();
  seat.repaired_tick = state.at.state->tick();
}

/// What one client is shown, where that is not everything.
game::ViewPtr view_of(const MatchState& state, Seat& seat, int slot, const game::ViewPtr& all) {
  if (!seat.lens) seat.lens = state.at.game->lens(state.shared->options.interest);
  return seat.lens->select(*state.at.state, all, slot, seat.replica.last(),
                           seat.replica.baseline());
}

}  // namespace

void acknowledged(MatchState& state, Seat& seat, const Input& in) {
  if (in.epoch != state.at.epoch) return;
  if (in.mismatch) repair(state, seat, *in.mismatch);
  seat.replica.acknowledge(in.acked_tick, in.tables);
  if (seat.pace) seat.pace->acknowledged(state.at.state->tick(), in.acked_tick, in.taken);
}

void send_snapshots(MatchState& state, HeldTick& held) {
  auto& shared = *state.shared;
  if (!state.tables) state.tables.emplace(*state.at.game, state.at.epoch);
  const auto& rules = *state.at.game;
  const auto whole = rules.show_all(*state.at.state);
  const auto tick = state.at.state->tick();
  const bool all_see_all = whole && rules.open_to_all(*whole, shared.options.interest);
  game::Encodings encodings(*state.tables);
  bool counted = false;
  std::pair<game::ViewPtr, game::ViewPtr> learn_from;  // a delta of this tick
  for (std::size_t slot = 0; slot < state.seats.size(); ++slot) {
    auto& seat = state.seats[slot];
    if (seat.session == 0 || !seat.welcome) continue;
    if (tick % kTellTablesEvery == 0) tell_tables(state, seat);
    if (!seat.pace) seat.pace.emplace(static_cast<std::uint32_t>(shared.options.tick_hz));
    if (!seat.pace->send(tick)) {
      shared.paced.Increment();
      continue;
    }
    const auto view = all_see_all ? whole : view_of(state, seat, static_cast<int>(slot), whole);
    if (state.full_bytes == 0 || (tick % kCountFullEvery == 0 && !counted)) {
      state.full_bytes = encodings.delta(nullptr, view, 0)->size() + game::kMaxHeadBytes;
      counted = true;
    }
    auto packet = seat.replica.send(view, encodings);
    if (packet.baseline) learn_from = {packet.baseline, view};
    const auto waiting = std::min<std::size_t>(seat.pending.size(), game::kMaxWaiting);
    game::SnapshotHead head{.tick = tick,
                            .input_sequence = state.at.sequences[slot],
                            .checksum = game::checksum(rules, *view),
                            .epoch = state.at.epoch,
                            .waiting = static_cast<std::uint8_t>(waiting)};
    packet.describe(head);
    shared.deltas.Increment();
    shared.delta_bytes.Increment(
        static_cast<double>(packet.bytes->size() + game::head_bytes(head)));
    shared.full_bytes.Increment(static_cast<double>(state.full_bytes));
    held.hold(seat.session, head, std::move(packet.bytes));
  }
  // What was learned is told to all: of a game with secrets it would give them away.
  if (whole && learn_from.first && tick % game::TablesAuthor::kLearnEvery == 0)
    state.tables->learn(*learn_from.first, *learn_from.second);
}

}  // namespace troupe::match

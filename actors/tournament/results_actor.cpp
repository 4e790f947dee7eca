#include "actors/tournament/results_actor.hpp"

#include <algorithm>

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "actors/ratings/settlement.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "actors/tournament/messages.hpp"
#include "storage/journal.hpp"
#include "storage/store.hpp"

namespace troupe::tournament {
namespace {

using Self = caf::stateful_actor<ResultsState>*;

constexpr std::size_t kEventsPerStep = 512;
constexpr auto kRetryAfter = std::chrono::milliseconds(500);
constexpr auto kTimeout = std::chrono::seconds(10);
/// Events of others that a restart may read again: the cursor is not written for each.
constexpr std::uint64_t kUnsavedEvents = 4'096;

struct ResultsStep {
  std::uint64_t from = 0, next = 0;
  std::deque<MatchReport> reports;
};

/// Strangers in the match do not count; who is alone at the end has won.
MatchReport judge(const ratings::MatchResult& result, const MatchLink& link,
                  const std::vector<std::string>& players) {
  MatchReport out{result.match, link, {}, false};
  int best = 0;
  for (const auto& row : result.rows) {
    if (std::ranges::find(players, row.player) == players.end()) continue;
    if (out.decided && row.place > best) continue;
    out.winner = out.decided && row.place == best ? std::string() : row.player;
    out.decided = true;
    best = row.place;
  }
  return out;
}

/// Nobody when the pairing is decided, or has another match by now.
Result<std::vector<std::string>> players_of(const storage::Store& store, const MatchLink& link,
                                            const std::string& match) {
  const auto stored = read_tournament(store, link.tournament);
  if (!stored.ok()) return stored.error();
  if (!*stored || (*stored)->tournament.match(link.place) != match)
    return std::vector<std::string>();
  const auto both = (*stored)->tournament.opponents(link.place);
  if (!both.ok()) return std::vector<std::string>();
  return std::vector<std::string>{both->first, both->second};
}

Result<ResultsStep> read_step(const storage::Store& store, std::uint64_t from) {
  ResultsStep step;
  if (from == 0) {
    const auto at = storage::cursor(store, kResultsConsumer);
    if (!at.ok()) return at.error();
    from = *at;
  }
  step.from = step.next = from;
  auto entries = storage::read_journal(store, from, kEventsPerStep);
  if (!entries.ok()) return entries.error();
  for (const auto& entry : *entries) {
    step.next = entry.offset + 1;
    if (entry.type != ratings::kMatchEnded) continue;
    const auto result = ratings::decode_result(entry.payload);
    if (!result) continue;  // the settlement has said so
    const auto link = read_link(store, result->match);
    if (!link.ok()) return link.error();
    if (!*link) continue;
    const auto players = players_of(store, **link, result->match);
    if (!players.ok()) return players.error();
    step.reports.push_back(judge(*result, **link, *players));
  }
  return step;
}

void start_step(Self self);

void retry_later(Self self, const std::string& why) {
  spdlog::warn("tournaments wait for results: {}", why);
  self->state.next = 0;
  self->state.busy = false;
  self->delayed_send(self, kRetryAfter, look_atom::value);
}

void end_step(Self self, std::uint64_t next, const std::vector<std::string>& told) {
  storage::Batch batch;
  for (const auto& match : told) erase_link(batch, match);
  batch.advance_cursor(kResultsConsumer, next);
  actors::persist(self, self->state.context->writer, std::move(batch),
                  [self, next](const auto& done) {
                    if (!done.ok()) return retry_later(self, done.error().detail);
                    self->state.next = self->state.saved = next;
                    self->state.busy = false;
                    start_step(self);
                  });
}

/// Tells the first report, then the others.
void tell(Self self, std::uint64_t next, std::vector<std::string> told) {
  auto& state = self->state;
  if (state.reports.empty()) return end_step(self, next, told);
  const auto report = std::move(state.reports.front());
  state.reports.pop_front();
  told.push_back(report.match);
  if (!report.decided) return tell(self, next, std::move(told));
  const auto& id = report.link.tournament;
  self->request(
          state.context->entities.router(kTournamentKind, id), kTimeout, actors::route_atom::value,
          id, caf::make_message(step_atom::value, Step(Reported{report.link.place, report.winner})))
      .then([self, next, told](const TournamentPtr&) { tell(self, next, told); },
            [self, next, told, id](caf::error& e) {
              const auto why = actors::from_caf(e);
              // A draw in an elimination, or the organiser was faster: theirs to decide.
              const bool refused = why.code == ErrorCode::conflict ||
                                   why.code == ErrorCode::invalid_argument ||
                                   why.code == ErrorCode::not_found;
              if (!refused) return retry_later(self, why.detail);
              spdlog::info("tournament {}: {}", id, why.detail);
              tell(self, next, told);
            });
}

void start_step(Self self) {
  auto& state = self->state;
  if (state.busy) {
    state.more = true;
    return;
  }
  state.busy = true;
  state.more = false;
  actors::read<ResultsStep>(
      self, state.context->reads,
      [from = state.next](const storage::Store& store) { return read_step(store, from); },
      [self](Result<ResultsStep> step) {
        auto& s = self->state;
        if (!step.ok()) return retry_later(self, step.error().detail);
        if (s.next == 0) s.saved = step->from;
        const bool progress = step->next != step->from;
        if (!step->reports.empty() || step->next - s.saved >= kUnsavedEvents) {
          s.reports = std::move(step->reports);
          return tell(self, step->next, {});
        }
        s.next = step->next;
        s.busy = false;
        if (s.more || progress) start_step(self);
      });
}

}  // namespace

caf::behavior results_actor(Self self, actors::Context* context) {
  auto& state = self->state;
  state.context = context;
  state.wake_token = context->writer.on_appended(
      [weak = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t) {
        if (const auto strong = weak.lock())
          caf::anon_send(caf::actor_cast<caf::actor>(strong), look_atom::value);
      });
  self->attach_functor([token = state.wake_token, context] { context->writer.unsubscribe(token); });
  self->send(self, look_atom::value);
  return {[self](look_atom) { start_step(self); }};
}

}  // namespace troupe::tournament

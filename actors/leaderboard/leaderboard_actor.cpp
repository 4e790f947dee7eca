#include "actors/leaderboard/leaderboard_actor.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <spdlog/spdlog.h>

#include "actors/leaderboard/round_plan.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "storage/keys.hpp"

namespace troupe::leaderboard {
namespace {

using Self = LeaderboardActor::stateful_pointer<LeaderboardState>;

constexpr std::size_t kMaxEarly = 1'024;
/// Changes that wait while a round is written: about half a second of a busy disk.
constexpr std::size_t kMaxWaiting = 8'192;
constexpr std::size_t kChangesPerRound = 1'024;
/// Entries that one job of the read pool loads, some 200 ms: others get their turn in between.
constexpr std::size_t kEntriesPerJob = 200'000;
constexpr std::uint64_t kIdempotencyMs = 24ULL * 3600 * 1000;

/// Returns nothing, so that handlers can end with `return answer(…)`.
template <class Promise, class Value>
void answer(Promise promise, Value value) {
  promise.deliver(std::move(value));
}

void fail(Self self, const Error& why) {
  const auto& state = self->state;
  spdlog::error("leaderboard {}: {}", season_id(state.definition.id, state.season), why.detail);
  self->quit(caf::exit_reason::unhandled_exception);
}

std::string idempotency_scope(const LeaderboardState& state) {
  return "leaderboard/" + season_id(state.definition.id, state.season);
}

// --- Loading -------------------------------------------------------------------------------------

struct Loading {
  std::vector<Entry> entries;
  std::shared_ptr<Board> board;  ///< once all entries are there
  std::uint64_t applied = 0;
};
using LoadingPtr = std::shared_ptr<Loading>;

Result<LoadingPtr> load_some(const storage::Store& store, const Definition& definition,
                             std::uint32_t season, LoadingPtr loading) {
  auto& entries = loading->entries;
  auto page = read_entries(store, definition.id, season,
                           entries.empty() ? std::string() : entries.back().player, kEntriesPerJob);
  if (!page.ok()) return page.error();
  std::ranges::move(page->entries, std::back_inserter(entries));
  if (page->more) return loading;
  const auto applied = read_applied(store, definition.id, season);
  if (!applied.ok()) return applied.error();
  loading->applied = *applied;
  loading->board = std::make_shared<Board>(definition.order);
  loading->board->load(std::exchange(entries, {}));
  return loading;
}

void load(Self self, const LoadingPtr& loading) {
  const auto& state = self->state;
  actors::read<LoadingPtr>(
      self, state.shared->context.reads,
      [definition = state.definition, season = state.season, loading](const storage::Store& store) {
        return load_some(store, definition, season, loading);
      },
      [self](Result<LoadingPtr> done) {
        if (!done.ok()) return fail(self, done.error());
        if (!(*done)->board) return load(self, *done);
        auto& s = self->state;
        s.board = std::move((*done)->board);
        s.applied = (*done)->applied;
        for (auto& request : std::exchange(s.early, {})) request();
      });
}

/// The writer keeps its order: once this is acknowledged, what an activation before this one had
/// handed over is on disk, and is read.
void begin(Self self) {
  const auto& state = self->state;
  storage::Batch batch;
  batch.erase(storage::Family::match,
              storage::KeyBuilder("score.fence").text(state.definition.id).take());
  if (state.season >= state.definition.keep_seasons)
    erase_seasons_before(batch, state.definition.id,
                         state.season - state.definition.keep_seasons + 1);
  actors::persist(self, state.shared->context.writer, std::move(batch), [self](const auto& done) {
    if (!done.ok()) return fail(self, done.error());
    load(self, std::make_shared<Loading>());
  });
}

template <class Promise>
Promise when_loaded(Self self, Promise promise, std::function<void(Promise)> work) {
  auto& state = self->state;
  if (state.board) {
    work(promise);
  } else if (state.early.size() < kMaxEarly) {
    state.early.push_back([work = std::move(work), promise] { work(promise); });
  } else {
    answer(promise, actors::to_caf(error(ErrorCode::overloaded, "the leaderboard is loading")));
  }
  return promise;
}

// --- Changes, a round at a time ------------------------------------------------------------------

using Round = std::vector<std::shared_ptr<Change>>;
using RoundPtr = std::shared_ptr<Round>;

void start_round(Self self);

void take(RoundPlan& plan, Change& change) {
  if (const auto* submission = std::get_if<Submission>(&change.what))
    change.changed = plan.submit(*submission);
  else if (const auto* points = std::get_if<PointsPtr>(&change.what))
    plan.apply_points(**points);
  else
    change.changed = plan.withdraw(std::get<Change::Withdrawal>(change.what).player);
}

void end_round(Self self) {
  self->state.busy = false;
  if (self->state.leaving && self->state.waiting.empty()) return self->quit();
  start_round(self);
}

/// `known`: for each change, whether it came before and what it did then.
void commit(Self self, const RoundPtr& round,
            const std::vector<std::optional<std::string>>& known) {
  auto& state = self->state;
  const auto plan = std::make_shared<RoundPlan>(state.definition, state.season, *state.board,
                                                state.applied, state.shared->options.max_entries);
  storage::Batch batch;
  std::map<std::string, std::shared_ptr<Change>> keys;  // of this round, for twins in it
  const auto expires = state.shared->context.now_ms() + kIdempotencyMs;
  for (std::size_t i = 0; i < round->size(); ++i) {
    auto& change = *(*round)[i];
    const auto* submission = std::get_if<Submission>(&change.what);
    const bool keyed = submission != nullptr && !submission->idempotency_key.empty();
    if (keyed && known[i]) {
      change.changed = *known[i] == "changed";
      continue;
    }
    if (keyed) {
      const auto [it, first] = keys.emplace(submission->idempotency_key, (*round)[i]);
      if (!first) {
        change.changed = it->second->changed;
        continue;
      }
    }
    take(*plan, change);
    if (keyed)
      batch.remember(idempotency_scope(state), submission->idempotency_key,
                     change.changed ? "changed" : "same", expires);
  }
  plan->write(batch);
  const auto finish = [self, round, plan](const Result<storage::Committed>& done) {
    if (done.ok()) self->state.applied = plan->apply(*self->state.board);
    for (const auto& change : *round) done.ok() ? change->done() : change->refuse(done.error());
    end_round(self);
  };
  if (batch.empty()) return finish(storage::Committed{});
  actors::persist(self, state.shared->context.writer, std::move(batch), finish);
}

using Known = std::vector<std::optional<std::string>>;

void look_up(Self self, const RoundPtr& round) {
  auto& state = self->state;
  actors::read<Known>(
      self, state.shared->context.reads,
      [round, scope = idempotency_scope(state),
       now = state.shared->context.now_ms()](const storage::Store& store) -> Result<Known> {
        Known out(round->size());
        for (std::size_t i = 0; i < round->size(); ++i) {
          const auto* submission = std::get_if<Submission>(&(*round)[i]->what);
          if (submission == nullptr || submission->idempotency_key.empty()) continue;
          auto found = store.remembered(scope, submission->idempotency_key, now);
          if (!found.ok()) return found.error();
          out[i] = std::move(*found);
        }
        return out;
      },
      [self, round](Result<Known> known) {
        if (known.ok()) return commit(self, round, *known);
        for (const auto& change : *round) change->refuse(known.error());
        end_round(self);
      });
}

void start_round(Self self) {
  auto& state = self->state;
  if (state.busy || state.waiting.empty()) return;
  state.busy = true;
  const auto count = std::min(state.waiting.size(), kChangesPerRound);
  const auto end = state.waiting.begin() + static_cast<std::ptrdiff_t>(count);
  const auto round = std::make_shared<Round>(state.waiting.begin(), end);
  state.waiting.erase(state.waiting.begin(), end);
  const bool keyed = std::ranges::any_of(*round, [](const auto& change) {
    const auto* submission = std::get_if<Submission>(&change->what);
    return submission != nullptr && !submission->idempotency_key.empty();
  });
  keyed ? look_up(self, round) : commit(self, round, Known(round->size()));
}

void enqueue(Self self, std::shared_ptr<Change> change) {
  auto& state = self->state;
  if (state.waiting.size() >= kMaxWaiting)
    return change->refuse(error(ErrorCode::overloaded, "too many changes of this leaderboard"));
  state.waiting.push_back(std::move(change));
  start_round(self);
}

using SubmitPromise = caf::typed_response_promise<SubmittedPtr>;
SubmitPromise submit(Self self, const Submission& submission) {
  return when_loaded<SubmitPromise>(
      self, self->make_response_promise<SubmittedPtr>(), [self, submission](SubmitPromise promise) {
        auto change = std::make_shared<Change>();
        change->what = submission;
        change->refuse = [promise](const Error& why) { answer(promise, actors::to_caf(why)); };
        change->done = [self, promise, weak = std::weak_ptr(change), player = submission.player] {
          const auto standing = self->state.board->standing(player);
          if (!standing)
            return answer(promise, actors::to_caf(error(ErrorCode::conflict,
                                                        "the leaderboard takes no new players")));
          answer(promise,
                 std::make_shared<const Submitted>(Submitted{*standing, weak.lock()->changed}));
        };
        enqueue(self, std::move(change));
      });
}

using WithdrawPromise = caf::typed_response_promise<bool>;
WithdrawPromise withdraw(Self self, const std::string& player) {
  return when_loaded<WithdrawPromise>(
      self, self->make_response_promise<bool>(), [self, player](WithdrawPromise promise) {
        auto change = std::make_shared<Change>();
        change->what = Change::Withdrawal{player};
        change->refuse = [promise](const Error& why) { answer(promise, actors::to_caf(why)); };
        change->done = [promise, weak = std::weak_ptr(change)] {
          answer(promise, weak.lock()->changed);
        };
        enqueue(self, std::move(change));
      });
}

using ApplyPromise = caf::typed_response_promise<std::uint64_t>;
ApplyPromise apply(Self self, const PointsPtr& points) {
  return when_loaded<ApplyPromise>(
      self, self->make_response_promise<std::uint64_t>(), [self, points](ApplyPromise promise) {
        auto change = std::make_shared<Change>();
        change->what = points;
        change->refuse = [promise](const Error& why) { answer(promise, actors::to_caf(why)); };
        change->done = [self, promise] { answer(promise, self->state.applied); };
        enqueue(self, std::move(change));
      });
}

// --- Questions -----------------------------------------------------------------------------------

using ListPromise = caf::typed_response_promise<ListingPtr>;

ListingPtr listing(const Board& board, std::vector<Standing> rows) {
  Listing out{std::move(rows), std::nullopt, board.size()};
  if (!out.rows.empty() && out.rows.back().position + 1 < board.size()) {
    const auto last = board.entry(out.rows.back().player);
    out.next = Place{last->score, last->sequence};
  }
  return std::make_shared<const Listing>(std::move(out));
}

ListPromise list(Self self, const ListQuery& query) {
  return when_loaded<ListPromise>(
      self, self->make_response_promise<ListingPtr>(), [self, query](ListPromise promise) {
        const auto& board = *self->state.board;
        answer(promise,
               listing(board, query.after ? board.list_after(query.after->score,
                                                             query.after->sequence, query.limit)
                                          : board.list(0, query.limit)));
      });
}

ListPromise around(Self self, const std::string& player, std::uint64_t side) {
  return when_loaded<ListPromise>(self, self->make_response_promise<ListingPtr>(),
                                  [self, player, side](ListPromise promise) {
                                    const auto& board = *self->state.board;
                                    answer(promise, listing(board, board.around(player, side)));
                                  });
}

ListPromise among(Self self, const Players& players) {
  return when_loaded<ListPromise>(
      self, self->make_response_promise<ListingPtr>(), [self, players](ListPromise promise) {
        Listing out;
        for (const auto& player : players) {
          if (auto standing = self->state.board->standing(player))
            out.rows.push_back(std::move(*standing));
        }
        std::ranges::sort(out.rows, {}, &Standing::position);
        const auto twins = std::ranges::unique(out.rows);
        out.rows.erase(twins.begin(), twins.end());
        out.total = self->state.board->size();
        answer(promise, std::make_shared<const Listing>(std::move(out)));
      });
}

void passivate(Self self) {
  auto& state = self->state;
  state.leaving = true;
  if (!state.busy) self->quit();
}

/// The board and the number of a season's id.
std::optional<std::pair<std::string, std::uint32_t>> parse_season_id(const std::string& id) {
  const auto slash = id.find('/');
  std::uint32_t season = 0;
  if (slash == std::string::npos) return std::nullopt;
  const auto* end = id.data() + id.size();
  const auto parsed = std::from_chars(id.data() + slash + 1, end, season);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return std::pair(id.substr(0, slash), season);
}

}  // namespace

std::string season_id(const std::string& board, std::uint32_t season) {
  return board + "/" + std::to_string(season);
}

LeaderboardActor::behavior_type leaderboard_actor(Self self,
                                                  std::shared_ptr<LeaderboardShared> shared,
                                                  const std::string& id) {
  auto& state = self->state;
  state.shared = std::move(shared);
  const auto parsed = parse_season_id(id);
  const auto definition =
      parsed ? state.shared->catalogue->find(parsed->first) : std::optional<Definition>();
  if (definition) {
    state.definition = *definition;
    state.season = parsed->second;
    begin(self);
  } else {
    fail(self, error(ErrorCode::not_found, "no such leaderboard: " + id));
  }
  return {
      [self](submit_atom, const Submission& submission) { return submit(self, submission); },
      [self](withdraw_atom, const std::string& player) { return withdraw(self, player); },
      [self](apply_atom, const PointsPtr& points) { return apply(self, points); },
      [self](list_atom, const ListQuery& query) { return list(self, query); },
      [self](around_atom, const std::string& player, std::uint64_t side) {
        return around(self, player, side);
      },
      [self](among_atom, const Players& players) { return among(self, players); },
      [self](actors::passivate_atom) { passivate(self); },
  };
}

}  // namespace troupe::leaderboard

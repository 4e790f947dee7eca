#include "actors/leaderboard/points_actor.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include "actors/system/ask.hpp"
#include "actors/system/persist.hpp"
#include "storage/journal.hpp"
#include "storage/store.hpp"

namespace troupe::leaderboard {
namespace {

using Self = caf::stateful_actor<PointsState>*;
using StepPtr = std::shared_ptr<const PointsStep>;

constexpr std::size_t kEventsPerStep = 512;
constexpr auto kRetryAfter = std::chrono::milliseconds(500);
/// Events of others that a restart may read again: the cursor is not written for each.
constexpr std::uint64_t kUnsavedEvents = 4'096;
constexpr auto kApplyTimeout = std::chrono::seconds(60);  // a large board may have to load first

void start_step(Self self);

/// Nothing when the payload is not what ratings write.
std::optional<PointsStep::Event> decode(const storage::JournalEntry& entry) {
  boost::system::error_code ec;
  const auto body = boost::json::parse(entry.payload, ec);
  if (ec || !body.is_object()) return std::nullopt;
  const auto* mode = body.as_object().if_contains("mode");
  const auto* ended = body.as_object().if_contains("ended_ms");
  const auto* players = body.as_object().if_contains("players");
  if (mode == nullptr || !mode->is_string() || players == nullptr || !players->is_array())
    return std::nullopt;
  PointsStep::Event event{entry.offset, entry.time_ms, std::string(mode->as_string()), {}};
  if (ended != nullptr && ended->is_number()) event.time_ms = ended->to_number<std::uint64_t>();
  for (const auto& row : players->as_array()) {
    const auto* player = row.is_object() ? row.as_object().if_contains("player") : nullptr;
    const auto* points = row.is_object() ? row.as_object().if_contains("points") : nullptr;
    if (player == nullptr || !player->is_string() || points == nullptr || !points->is_int64())
      return std::nullopt;
    const auto& name = player->as_string();
    if (name.empty() || name.size() > kMaxPlayerBytes) continue;
    event.points.emplace_back(std::string(name),
                              std::clamp(points->as_int64(), -kMaxScore, kMaxScore));
  }
  return event;
}

Result<PointsStep> read_step(const storage::Store& store, std::uint64_t from) {
  PointsStep step;
  if (from == 0) {
    const auto at = storage::cursor(store, kPointsConsumer);
    if (!at.ok()) return at.error();
    from = *at;
  }
  step.from = step.next = from;
  auto entries = storage::read_journal(store, from, kEventsPerStep);
  if (!entries.ok()) return entries.error();
  for (const auto& entry : *entries) {
    step.next = entry.offset + 1;
    if (entry.type != kRatingUpdated) continue;
    if (auto event = decode(entry))
      step.events.push_back(std::move(*event));
    else
      spdlog::error("leaderboards: the event at offset {} is not one of ratings", entry.offset);
  }
  return step;
}

void retry_later(Self self, const std::string& why) {
  spdlog::warn("leaderboards wait: {}", why);
  self->state.busy = false;
  self->delayed_send(self, kRetryAfter, step_atom::value);
}

void move_cursor(Self self, const StepPtr& step) {
  storage::Batch batch;
  batch.advance_cursor(kPointsConsumer, step->next);
  actors::persist(self, self->state.shared->context.writer, std::move(batch),
                  [self, step](const auto& done) {
                    if (!done.ok()) return retry_later(self, done.error().detail);
                    self->state.next = self->state.saved = step->next;
                    self->state.busy = false;
                    start_step(self);
                  });
}

/// What goes to which season of which board.
std::map<std::string, std::shared_ptr<std::vector<Points>>> deliveries(const Catalogue& catalogue,
                                                                       const PointsStep& step) {
  std::map<std::string, std::vector<Definition>> boards;
  std::map<std::string, std::shared_ptr<std::vector<Points>>> out;
  for (const auto& event : step.events) {
    auto it = boards.find(event.mode);
    if (it == boards.end()) it = boards.emplace(event.mode, catalogue.rated(event.mode)).first;
    for (const auto& board : it->second) {
      auto& rows = out[season_id(board.id, season_at(board.schedule, event.time_ms).number)];
      if (!rows) rows = std::make_shared<std::vector<Points>>();
      for (const auto& [player, points] : event.points)
        rows->push_back({event.offset, player, points});
    }
  }
  return out;
}

void deliver(Self self, const StepPtr& step) {
  auto& state = self->state;
  const auto out = deliveries(*state.shared->catalogue, *step);
  if (out.empty()) return move_cursor(self, step);
  state.unanswered = out.size();
  state.failed = false;
  const auto answered = [self, step] {
    auto& s = self->state;
    if (--s.unanswered > 0) return;
    s.failed ? retry_later(self, "one did not take its points") : move_cursor(self, step);
  };
  for (const auto& [id, points] : out) {
    self->request(state.shared->context.entities.router(kLeaderboardKind, id), kApplyTimeout,
                  actors::route_atom::value, id,
                  caf::make_message(apply_atom::value, PointsPtr(points)))
        .then([answered](std::uint64_t) { answered(); },
              [self, answered, board = id](caf::error& e) {
                spdlog::warn("leaderboard {}: {}", board, actors::from_caf(e).detail);
                self->state.failed = true;
                answered();
              });
  }
}

/// Modes whose board there is not yet.
std::vector<std::string> missing_boards(const Catalogue& catalogue, const PointsStep& step) {
  std::vector<std::string> out;
  for (const auto& event : step.events) {
    if (std::ranges::find(out, event.mode) == out.end() &&
        !catalogue.find(rating_board(event.mode)))
      out.push_back(event.mode);
  }
  return out;
}

/// Makes the boards of `modes`, one after the other, and delivers then.
void make_boards(Self self, const StepPtr& step, std::vector<std::string> modes) {
  if (modes.empty()) return deliver(self, step);
  auto& shared = *self->state.shared;
  Definition wanted;
  wanted.id = rating_board(modes.back());
  wanted.keep = Keep::last;
  wanted.rated_mode = modes.back();
  wanted.created_ms = shared.context.now_ms();
  modes.pop_back();
  const auto outcome = std::make_shared<Result<void>>();
  const actors::Continuation then(self, [self, step, modes, outcome, id = wanted.id] {
    // Somebody's board of another kind may have that name: then there is no place for the ratings.
    if (!outcome->ok() && !self->state.shared->catalogue->find(id))
      return retry_later(self, outcome->error().detail);
    make_boards(self, step, modes);
  });
  shared.catalogue->define(std::move(wanted), [outcome, then](const auto& done) {
    if (!done.ok()) *outcome = done.error();
    then.complete();
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
  actors::read<PointsStep>(
      self, state.shared->context.reads,
      [from = state.next](const storage::Store& store) { return read_step(store, from); },
      [self](Result<PointsStep> read) {
        auto& s = self->state;
        if (!read.ok()) return retry_later(self, read.error().detail);
        if (s.next == 0) s.saved = read->from;
        const bool progress = read->next != read->from;
        if (!progress || (read->events.empty() && read->next - s.saved < kUnsavedEvents)) {
          s.next = read->next;
          s.busy = false;
          if (s.more || progress) start_step(self);
          return;
        }
        const auto step = std::make_shared<const PointsStep>(std::move(*read));
        make_boards(self, step, missing_boards(*s.shared->catalogue, *step));
      });
}

}  // namespace

std::string rating_board(std::string_view mode) {
  return "rating-" + std::string(mode);
}

caf::behavior points_actor(Self self, std::shared_ptr<LeaderboardShared> shared) {
  auto& state = self->state;
  state.shared = std::move(shared);
  auto& writer = state.shared->context.writer;
  state.wake_token =
      writer.on_appended([weak = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t) {
        if (const auto strong = weak.lock())
          caf::anon_send(caf::actor_cast<caf::actor>(strong), step_atom::value);
      });
  self->attach_functor([token = state.wake_token, &writer] { writer.unsubscribe(token); });
  self->send(self, step_atom::value);
  return {[self](step_atom) { start_step(self); }};
}

}  // namespace troupe::leaderboard

#include "actors/ratings/settlement_actor.hpp"

#include <stdexcept>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/system/persist.hpp"
#include "actors/system/supervisor.hpp"
#include "base/metrics.hpp"

namespace troupe::ratings {
namespace {

using Self = caf::stateful_actor<SettlementState>*;

constexpr auto kRetryAfter = std::chrono::milliseconds(500);
/// Events without a result that a restart may read again: the cursor is not written for each.
constexpr std::uint64_t kUnsavedEvents = 4'096;

void start_step(Self self);

void retry_later(Self self, const std::string& why) {
  spdlog::warn("ratings wait: {}", why);
  // What became of a batch that failed is read again, not remembered.
  self->state.next = 0;
  self->state.busy = false;
  self->delayed_send(self, kRetryAfter, step_atom::value);
}

void count(Metrics& metrics, const SettlementStep& step) {
  metrics.counter("troupe_ratings_matches_settled_total", "Matches whose ratings are durable")
      .Increment(static_cast<double>(step.settled.size()));
  metrics
      .counter("troupe_ratings_events_unreadable_total",
               "Journal events passed over: they are not results")
      .Increment(static_cast<double>(step.unreadable));
}

void write_step(Self self, const std::shared_ptr<const SettlementStep>& step) {
  auto& state = self->state;
  auto batch = settlement_batch(*step, state.options.system, state.context->now_ms());
  actors::persist(self, state.context->writer, std::move(batch), [self, step](const auto& done) {
    if (!done.ok()) return retry_later(self, done.error().detail);
    auto& s = self->state;
    count(s.context->metrics, *step);
    s.next = s.saved = step->next;
    s.busy = false;
    start_step(self);
  });
}

/// Events of others only.
bool may_stay_unsaved(const SettlementState& state, const SettlementStep& step) {
  return step.settled.empty() && step.unreadable == 0 && step.next - state.saved < kUnsavedEvents;
}

void start_step(Self self) {
  auto& state = self->state;
  if (state.busy) {
    state.more = true;
    return;
  }
  state.busy = true;
  state.more = false;
  actors::read<SettlementStep>(
      self, state.context->reads,
      [from = state.next, options = state.options, now = state.context->now_ms()](
          const storage::Store& store) { return read_settlement(store, from, options, now); },
      [self](Result<SettlementStep> step) {
        auto& s = self->state;
        if (!step.ok()) return retry_later(self, step.error().detail);
        if (s.next == 0) s.saved = step->from;
        const bool progress = step->next != step->from;
        if (progress && !may_stay_unsaved(s, *step))
          return write_step(self, std::make_shared<const SettlementStep>(std::move(*step)));
        s.next = step->next;
        s.busy = false;
        if (s.more || progress) start_step(self);
      });
}

}  // namespace

caf::behavior settlement_actor(Self self, actors::Context* context, SettlementOptions options) {
  auto& state = self->state;
  state.context = context;
  state.options = options;
  state.wake_token = context->writer.on_appended(
      [weak = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t) {
        if (const auto strong = weak.lock())
          caf::anon_send(caf::actor_cast<caf::actor>(strong), step_atom::value);
      });
  self->attach_functor([token = state.wake_token, context] { context->writer.unsubscribe(token); });
  // The writer keeps its order: once this is acknowledged, what an actor that crashed before had
  // handed over is on disk, and the cursor tells of it.
  state.busy = true;
  storage::Batch fence;
  fence.erase(storage::Family::match, storage::KeyBuilder("rating.fence").take());
  actors::persist(self, context->writer, std::move(fence), [self](const auto& done) {
    if (!done.ok()) throw std::runtime_error("ratings: " + done.error().detail);
    self->state.busy = false;
    start_step(self);
  });
  return {[self](step_atom) { start_step(self); }};
}

void add_ratings(actors::Context& context, const SettlementOptions& options) {
  auto start = [&context, options](caf::actor_system& system) {
    return system.spawn(settlement_actor, &context, options);
  };
  if (context.supervision == nullptr)
    start(context.system);
  else
    context.supervision->add("ratings", {.id = "settlement", .start = std::move(start)});
}

}  // namespace troupe::ratings

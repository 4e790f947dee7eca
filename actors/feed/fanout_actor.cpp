#include "actors/feed/fanout_actor.hpp"

#include <caf/send.hpp>
#include <prometheus/counter.h>
#include <spdlog/spdlog.h>

#include "actors/system/persist.hpp"
#include "base/metrics.hpp"

namespace troupe::feed {
namespace {

using Self = caf::stateful_actor<FanoutState>*;

constexpr std::size_t kInsertsPerBatch = 2'000;
constexpr auto kRetryAfter = std::chrono::milliseconds(500);

void start_step(Self self);

void finish_step(Self self, const FanoutStep& step, std::size_t inserts) {
  auto& state = self->state;
  auto& metrics = state.shared->context.metrics;
  state.next = step.next;
  metrics
      .counter("troupe_feed_timeline_inserts_total",
               "Entries put on timelines of followers, once durable")
      .Increment(static_cast<double>(inserts));
  if (step.unreadable > 0) {
    metrics
        .counter("troupe_feed_events_unreadable_total",
                 "Journal events passed over: they do not verify")
        .Increment(static_cast<double>(step.unreadable));
  }
  for (const auto& delivery : step.deliveries) {
    const auto& told = delivery.celebrity ? delivery.listeners : delivery.followers;
    if (state.options.on_delivered) state.options.on_delivered(told, delivery.post);
    const auto id = parse_id(delivery.post.id);
    if (delivery.celebrity || !id) continue;
    const Entry entry{*id, author_hash(delivery.post.author)};
    for (const auto& follower : delivery.followers) {
      state.shared->context.entities.nudge(kFeedKind, follower,
                                           caf::make_message(pushed_atom::value, entry));
    }
  }
}

void retry_later(Self self, const std::string& why) {
  spdlog::warn("fan-out waits: {}", why);
  self->state.busy = false;
  self->delayed_send(self, kRetryAfter, step_atom::value);
}

/// Collects insertions and submits them in batches of bounded size; all but the last.
class Insertions {
 public:
  explicit Insertions(storage::Writer& writer) : writer_(writer) {}

  void add(std::string_view user, std::string_view post, std::string_view author) {
    put_timeline(batch_, user, post, author);
    ++count_;
    if (++in_batch_ < kInsertsPerBatch) return;
    in_batch_ = 0;
    // Refused now: all of the step again later. Accepted and then failed: the last fails as well.
    refused_ = refused_ || !writer_.submit(std::move(batch_), {}).ok();
    batch_ = storage::Batch();
  }

  [[nodiscard]] storage::Batch& last() noexcept { return batch_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] bool refused() const noexcept { return refused_; }

 private:
  storage::Writer& writer_;
  storage::Batch batch_;
  std::size_t in_batch_ = 0, count_ = 0;
  bool refused_ = false;
};

/// Writes the step's timeline records, the cursor with the last batch.
void write_step(Self self, const std::shared_ptr<const FanoutStep>& step) {
  auto& shared = *self->state.shared;
  Insertions insertions(shared.context.writer);
  for (const auto& delivery : step->deliveries) {
    for (const auto& follower : delivery.followers)
      insertions.add(follower, delivery.post.id, delivery.post.author);
  }
  for (const auto& backfill : step->backfills) {
    for (const auto& entry : backfill.entries)
      insertions.add(backfill.user, entry.post.to_string(), backfill.followed);
  }
  if (insertions.refused()) return retry_later(self, "the write queue is full");
  auto batch = std::move(insertions.last());
  for (const auto& trim : step->trims) trim_timeline(batch, trim.user, trim.oldest_kept);
  for (const auto& delivery : step->deliveries) {
    if (delivery.celebrity) shared.celebrities.add(delivery.post.author, batch);
  }
  batch.advance_cursor(kFanoutConsumer, step->next);
  actors::persist(self, shared.context.writer, std::move(batch),
                  [self, step, inserts = insertions.count()](const auto& done) {
                    self->state.busy = false;
                    if (!done.ok()) return retry_later(self, done.error().detail);
                    finish_step(self, *step, inserts);
                    self->send(self, step_atom::value);
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
  actors::read<FanoutStep>(
      self, state.shared->context.reads,
      [from = state.next, shared = state.shared,
       options = state.options](const storage::Store& store) {
        return read_fanout_step(store, from, shared->celebrities, options.limits,
                                options.listening);
      },
      [self](Result<FanoutStep> step) {
        auto& s = self->state;
        if (!step.ok()) return retry_later(self, step.error().detail);
        const bool progress = step->next != s.next && s.next != 0;
        if (step->empty() && !progress) {
          s.next = step->next;
          s.busy = false;
          if (s.more) start_step(self);
          return;
        }
        write_step(self, std::make_shared<const FanoutStep>(std::move(*step)));
      });
}

}  // namespace

caf::behavior fanout_actor(Self self, std::shared_ptr<FeedShared> shared, FanoutOptions options) {
  auto& state = self->state;
  state.shared = std::move(shared);
  state.options = std::move(options);
  state.wake_token = state.shared->context.writer.on_appended(
      [weak = caf::actor_cast<caf::weak_actor_ptr>(self)](std::uint64_t) {
        if (const auto strong = weak.lock())
          caf::anon_send(caf::actor_cast<caf::actor>(strong), step_atom::value);
      });
  self->attach_functor([token = state.wake_token, context = &state.shared->context] {
    context->writer.unsubscribe(token);
  });
  self->send(self, step_atom::value);
  return {[self](step_atom) { start_step(self); }};
}

}  // namespace troupe::feed
